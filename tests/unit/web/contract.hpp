#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/json.hpp"
#include "web/openapi.hpp"

namespace drover::test {

/// Exactly the members that the contract's schema names.
inline void expect_members(const json& object, const std::string& schema) {
  static const auto contract = json::parse(web::openapi_json());
  const auto& s = contract.at("components").at("schemas").at(schema);
  for (const auto& name : s.at("required"))
    EXPECT_TRUE(object.contains(name.get<std::string>())) << schema << " " << name;
  for (const auto& [name, value] : object.items())
    EXPECT_TRUE(s.at("properties").contains(name)) << schema << " " << name;
}

}  // namespace drover::test
