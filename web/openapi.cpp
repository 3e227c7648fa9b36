#include "web/openapi.hpp"

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace drover::web {

namespace {

using ordered = nlohmann::ordered_json;
constexpr int depth_limit = 64;

/// Plain scalars by the YAML 1.2 core schema; quoted ones are text.
ordered scalar_of(const YAML::Node& node) {
  const auto& text = node.Scalar();
  if (node.Tag() == "!") return text;
  if (text == "true") return true;
  if (text == "false") return false;
  if (text == "null" || text == "~" || text.empty()) return nullptr;
  std::int64_t number = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec == std::errc{} && end == text.data() + text.size()) return number;
  return text;
}

ordered to_json(const YAML::Node& node, int depth) {
  if (depth > depth_limit) throw std::runtime_error("openapi.yaml is nested too deeply");
  if (node.IsMap()) {
    auto out = ordered::object();
    for (const auto& entry : node) out[entry.first.Scalar()] = to_json(entry.second, depth + 1);
    return out;
  }
  if (node.IsSequence()) {
    auto out = ordered::array();
    for (const auto& item : node) out.push_back(to_json(item, depth + 1));
    return out;
  }
  return node.IsScalar() ? scalar_of(node) : ordered(nullptr);
}

}  // namespace

const std::string& openapi_json() {
  static const std::string text = to_json(YAML::Load(std::string(openapi_yaml())), 0).dump();
  return text;
}

}  // namespace drover::web
