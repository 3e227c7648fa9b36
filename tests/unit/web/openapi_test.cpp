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

TEST(OpenApi, SecurityFollowsTheTable) {
  for (const auto& r : routes()) {
    const auto& operation = contract().at("paths").at(std::string(r.pattern)).at(lower(r.method));
    bool optional = operation.contains("security") &&
                    (operation["security"].empty() || operation["security"][0] == nlohmann::json::object());
    bool open = r.who == access::anyone || r.who == access::local_or_admin;
    EXPECT_EQ(optional, open) << r.pattern;
  }
}

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
