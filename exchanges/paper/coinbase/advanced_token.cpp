#include "exchanges/paper/coinbase/advanced_token.hpp"

#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "exchanges/paper/request_fields.hpp"

namespace drover::exchanges::paper::coinbase {

namespace {

constexpr std::size_t token_limit_bytes = 8 * 1024;
constexpr std::int64_t latest_second = 32'503'680'000;

std::string text_of(const json& object, const char* name) {
  auto it = object.find(name);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

std::optional<wall_time> time_of(const json& object, const char* name) {
  auto it = object.find(name);
  if (it == object.end() || !it->is_number_integer()) return std::nullopt;
  const auto s = it->get<std::int64_t>();
  if (s < 0 || s > latest_second) return std::nullopt;
  return wall_time{seconds(s)};
}

std::optional<json> read_part(std::string_view text) {
  auto bytes = from_base64url(text);
  if (!bytes) return std::nullopt;
  auto value = read_loose_json(*bytes);
  if (!value || !value->is_object()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<token_claims> read_token(std::string_view token) {
  const auto first = token.find('.');
  const auto second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (token.size() > token_limit_bytes || second == token.npos) return std::nullopt;
  const auto header = read_part(token.substr(0, first)),
             claims = read_part(token.substr(first + 1, second - first - 1));
  auto signature = from_base64url(token.substr(second + 1));
  if (!header || !claims || !signature) return std::nullopt;
  const auto begins = time_of(*claims, "nbf"), ends = time_of(*claims, "exp");
  if (!begins || !ends) return std::nullopt;
  token_claims out{text_of(*header, "kid"),
                   text_of(*header, "alg"),
                   text_of(*claims, "sub"),
                   text_of(*claims, "uri"),
                   *begins,
                   *ends,
                   std::string(token.substr(0, second)),
                   std::move(*signature)};
  if (auto uris = claims->find("uris");
      uris != claims->end() && uris->is_array() && uris->size() == 1 && uris->front().is_string())
    out.uri = uris->front().get<std::string>();
  return out;
}

}  // namespace drover::exchanges::paper::coinbase
