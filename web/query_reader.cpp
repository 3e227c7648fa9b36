#include "web/query_reader.hpp"

#include <algorithm>
#include <charconv>

#include "base/encoding.hpp"
#include "net/utf8_validator.hpp"

namespace drover::web {

namespace {

constexpr std::size_t parameter_limit = 16;

std::optional<std::string> decode(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  auto decoded = percent_decode(spaced);
  bool clean = decoded && net::is_utf8(*decoded) &&
               std::none_of(decoded->begin(), decoded->end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (!clean) return std::nullopt;
  return std::move(*decoded);
}

}  // namespace

query_reader::query_reader(const request& r) {
  std::string_view rest = r.http.query;
  while (!rest.empty()) {
    auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    if (pair.empty()) continue;
    auto equals = pair.find('=');
    auto name = decode(pair.substr(0, equals));
    auto value = equals == std::string_view::npos ? std::optional<std::string>("") : decode(pair.substr(equals + 1));
    if (!name || !value || values_.size() == parameter_limit) {
      malformed_ = true;
      return;
    }
    values_.emplace_back(std::move(*name), std::move(*value));
  }
}

std::optional<std::string> query_reader::text(std::string_view name, std::size_t limit) {
  known_.emplace_back(name);
  auto is_it = [&](const auto& pair) { return pair.first == name; };
  auto found = std::find_if(values_.begin(), values_.end(), is_it);
  if (found == values_.end()) return std::nullopt;
  if (std::count_if(values_.begin(), values_.end(), is_it) > 1) complain(name, "is given twice");
  if (found->second.size() > limit) complain(name, "must not be longer than " + std::to_string(limit) + " bytes");
  return found->second;
}

std::string query_reader::required_text(std::string_view name, std::size_t limit) {
  auto value = text(name, limit);
  if (!value || value->empty()) complain(name, "is required");
  return std::move(value).value_or(std::string());
}

std::int64_t query_reader::integer(std::string_view name, std::int64_t otherwise, std::int64_t least,
                                   std::int64_t most) {
  return optional_integer(name, least, most).value_or(otherwise);
}

std::optional<std::int64_t> query_reader::optional_integer(std::string_view name, std::int64_t least,
                                                           std::int64_t most) {
  auto value = text(name, 20);
  if (!value) return std::nullopt;
  std::int64_t number = 0;
  auto [end, ec] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (ec == std::errc{} && end == value->data() + value->size() && number >= least && number <= most) return number;
  complain(name, "must be an integer from " + std::to_string(least) + " to " + std::to_string(most));
  return std::nullopt;
}

std::optional<wall_time> query_reader::time(std::string_view name) {
  auto value = text(name, 40);
  if (!value) return std::nullopt;
  auto at = parse_rfc3339(*value);
  if (at) return *at;
  complain(name, "must be a time such as 2026-01-31T12:00:00Z");
  return std::nullopt;
}

void query_reader::complain(std::string_view name, std::string detail) {
  errors_.push_back({std::string(name), std::move(detail)});
}

std::optional<problem> query_reader::finish() {
  if (malformed_) return make_http_problem(400, "The query string cannot be decoded.");
  for (const auto& [name, value] : values_) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    complain(name.substr(0, 64), "is not a parameter of this request");
  }
  if (errors_.empty()) return std::nullopt;
  return make_validation_problem(std::move(errors_));
}

}  // namespace drover::web
