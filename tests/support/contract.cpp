#include "tests/support/contract.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>
#include <vector>

namespace drover::test {
namespace {

using nlohmann::json;
using json_adapter = valijson::adapters::NlohmannJsonAdapter;

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> out;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    if (end > 0) out.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return out;
}

bool matches(std::string_view pattern, std::string_view path) {
  const auto wanted = segments_of(pattern), given = segments_of(path);
  return wanted.size() == given.size() && std::equal(wanted.begin(), wanted.end(), given.begin(), [](auto w, auto g) { return w == g || w.starts_with('{'); });
}

/// The validator wants a format of null, too; formats are held by the system tests.
void forget_formats(json& node) {
  if (node.is_object() && node.contains("format") && node["format"].is_string()) node.erase("format");
  if (node.is_structured())
    for (auto& child : node) forget_formats(child);
}

/// One contract, and the schemas that were asked for.
class contract_schemas {
public:
  explicit contract_schemas(const std::string& text) : document_(json::parse(text)) { forget_formats(document_); }

  /// The responses of an operation by status; null when there is no such operation.
  const json* find_responses(const std::string& method, std::string_view path) const {
    const json* found = nullptr;
    bool found_literal = false;
    for (const auto& [pattern, item] : document_.at("paths").items()) {
      if (!matches(pattern, path) || !item.contains(method)) continue;
      const bool literal = pattern.find('{') == std::string::npos;
      if (found != nullptr && found_literal && !literal) continue;
      found = &item.at(method).at("responses");
      found_literal = literal;
    }
    return found;
  }
  const json& follow(const json& node) const {
    return node.contains("$ref") ? document_.at(json::json_pointer(node.at("$ref").get<std::string>().substr(1))) : node;
  }
  const json& problem() const { return document_.at("components").at("responses").at("Problem"); }

  std::optional<std::string> find_fault(const json& schema, const json& value) {
    auto& parsed = schemas_[schema.dump()];
    if (!parsed) parsed = parse(schema);
    valijson::Validator validator;
    valijson::ValidationResults results;
    if (validator.validate(*parsed, json_adapter(value), &results)) return std::nullopt;
    std::string out;
    for (const auto& e : results) {
      for (const auto& step : e.context) out += step;
      out += ": " + e.description + "\n";
    }
    return out;
  }

private:
  /// References lead into the whole document, so the schema is read as its root.
  std::unique_ptr<valijson::Schema> parse(const json& schema) const {
    auto root = document_;
    root["asked"] = schema;
    root["$ref"] = "#/asked";
    auto out = std::make_unique<valijson::Schema>();
    valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(json_adapter(root), *out);
    return out;
  }

  json document_;
  std::map<std::string, std::unique_ptr<valijson::Schema>> schemas_;
};

std::optional<std::string> find_breach_of(contract_schemas& schemas, const json& response, const told_answer& told) {
  if (!response.contains("content"))
    return told.body.empty() ? std::nullopt : std::optional<std::string>("it tells of no body");
  const std::string type(told.content_type.substr(0, told.content_type.find(';')));
  if (!response.at("content").contains(type)) return "it tells of no content of type '" + type + "'";
  if (!type.ends_with("json")) return std::nullopt;
  return schemas.find_fault(response.at("content").at(type).at("schema"), json::parse(told.body));
}

}  // namespace

std::optional<std::string> find_breach(const std::string& contract, std::string method, std::string_view path, const told_answer& told) {
  static std::map<std::string, contract_schemas> all;
  auto& schemas = all.try_emplace(contract, contract).first->second;
  std::ranges::transform(method, method.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto* responses = schemas.find_responses(method, path);
  if (responses == nullptr) {
    if (told.status >= 400) return find_breach_of(schemas, schemas.problem(), told);
    return method == "get" || method == "head" || method == "options" ? std::nullopt : std::optional<std::string>("it names no such operation");
  }
  const auto status = std::to_string(told.status);
  if (responses->contains(status)) return find_breach_of(schemas, schemas.follow(responses->at(status)), told);
  if (told.status < 400 || !responses->contains("default")) return "it names no status " + status;
  return find_breach_of(schemas, schemas.follow(responses->at("default")), told);
}

}  // namespace drover::test
