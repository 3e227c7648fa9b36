#include "web/openapi.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "web/route_table.hpp"

namespace drover::web {
namespace {

const nlohmann::json& contract() {
  static const auto parsed = nlohmann::json::parse(openapi_json());
  return parsed;
}

std::string lower(std::string_view method) {
  std::string out(method);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

std::set<std::string> operations_of_contract() {
  std::set<std::string> out;
  for (const auto& [path, item] : contract().at("paths").items())
    for (const auto& [method, operation] : item.items())
      if (method != "parameters") out.insert(method + " " + path);
  return out;
}

TEST(OpenApi, TableAndContractAgree) {
  std::set<std::string> table;
  for (const auto& r : routes()) table.insert(lower(r.method) + " " + std::string(r.pattern));
  EXPECT_EQ(table, operations_of_contract());
}

TEST(OpenApi, OperationsAreNamedOnceAndTellTheirErrors) {
  std::set<std::string> names;
  for (const auto& [path, item] : contract().at("paths").items())
    for (const auto& [method, operation] : item.items()) {
      if (method == "parameters") continue;
      EXPECT_TRUE(names.insert(operation.at("operationId")).second) << path;
      EXPECT_FALSE(operation.at("summary").get<std::string>().empty()) << path;
    }
}

nlohmann::json security_of(access who) {
  auto administrators = nlohmann::json::object({{"bearer", nlohmann::json::array({"admin"})}});
  if (who == access::anyone) return nlohmann::json::array();
  if (who == access::admin) return nlohmann::json::array({administrators});
  if (who == access::local_or_admin) return nlohmann::json::array({nlohmann::json::object(), administrators});
  return contract().at("security");
}

TEST(OpenApi, SecurityFollowsTheTable) {
  for (const auto& r : routes()) {
    const auto& operation = contract().at("paths").at(std::string(r.pattern)).at(lower(r.method));
    const auto security = operation.value("security", contract().at("security"));
    // A socket may also be authenticated by its first message.
    const auto wanted = r.rate == rate_class::socket ? nlohmann::json::array({nlohmann::json::object(), contract().at("security")[0]})
                                                     : security_of(r.who);
    EXPECT_EQ(security, wanted) << r.method << " " << r.pattern;
    EXPECT_EQ(operation.value("x-recent-password", false), r.needs == proof::recent_password) << r.method << " " << r.pattern;
  }
}

void expect_no_null(const nlohmann::json& node, const std::string& place) {
  for (const auto& [key, child] : node.items()) {
    EXPECT_FALSE(node.is_object() && child.is_null()) << place << "/" << key << ": a description with a comma in braces wants quotes";
    if (child.is_structured()) expect_no_null(child, place + "/" + key);
  }
}

TEST(OpenApi, NoTextWasReadAsAName) { expect_no_null(contract(), ""); }

TEST(OpenApi, PathParametersAreDeclared) {
  for (const auto& [path, item] : contract().at("paths").items()) {
    auto wanted = static_cast<std::size_t>(std::count(path.begin(), path.end(), '{'));
    EXPECT_EQ(item.contains("parameters") ? item["parameters"].size() : 0u, wanted) << path;
  }
}

void find_references(const nlohmann::json& node, std::set<std::string>& out) {
  if (node.is_object() && node.contains("$ref")) out.insert(node["$ref"].get<std::string>());
  if (node.is_structured())
    for (const auto& child : node) find_references(child, out);
}

TEST(OpenApi, IdempotencyKeysAreTakenWhereTheTableSaysSo) {
  const nlohmann::json reference{{"$ref", "#/components/parameters/IdempotencyKey"}};
  for (const auto& r : routes()) {
    const auto& operation = contract().at("paths").at(std::string(r.pattern)).at(lower(r.method));
    const auto parameters = operation.value("parameters", nlohmann::json::array());
    const bool declared = std::find(parameters.begin(), parameters.end(), reference) != parameters.end();
    EXPECT_EQ(declared, r.repeats != repetition::unmarked) << r.method << " " << r.pattern;
  }
}

TEST(OpenApi, WhateverUsersCreateTakesAnIdempotencyKey) {
  // Begun anew, it takes the place of the one before.
  const std::string_view replaces = "/api/user/second-factor";
  for (const auto& r : routes()) {
    const auto& operation = contract().at("paths").at(std::string(r.pattern)).at(lower(r.method));
    if (r.method != "POST" || r.who == access::anyone || r.pattern == replaces) continue;
    if (!operation.at("responses").contains("201")) continue;
    EXPECT_NE(r.repeats, repetition::unmarked) << r.pattern;
  }
}

TEST(OpenApi, EveryReferenceLeadsSomewhere) {
  std::set<std::string> references;
  find_references(contract(), references);
  ASSERT_FALSE(references.empty());
  for (const auto& r : references) EXPECT_TRUE(contract().contains(nlohmann::json::json_pointer(r.substr(1)))) << r;
}

TEST(OpenApi, QuotedScalarsStayText) {
  EXPECT_TRUE(contract().at("paths").at("/user/exchanges").at("get").at("responses").contains("200"));
  const auto& states = contract().at("components").at("schemas").at("Bot").at("properties").at("state").at("enum");
  EXPECT_NE(std::find(states.begin(), states.end(), "off"), states.end());
}

}  // namespace
}  // namespace drover::web
