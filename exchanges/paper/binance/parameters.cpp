#include "exchanges/paper/binance/parameters.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/encoding.hpp"

namespace drover::exchanges::paper::binance {

namespace {

constexpr std::size_t digits_limit = 18;
constexpr int places_limit = 8;
constexpr std::string_view signature_prefix = "signature=";

outcome<std::string> decode(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  auto decoded = percent_decode(spaced);
  if (!decoded) return std::unexpected(refused{400, -1100, "Illegal characters found in a parameter."});
  return std::move(*decoded);
}

std::string_view next_part(std::string_view& rest) {
  const auto end = rest.find('&');
  const auto part = rest.substr(0, end);
  rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

std::string to_text(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

outcome<void> parameters::add(std::string_view part) {
  const auto equals = part.find('=');
  auto name = decode(part.substr(0, equals));
  if (!name) return std::unexpected(name.error());
  auto value = decode(equals == part.npos ? std::string_view() : part.substr(equals + 1));
  if (!value) return std::unexpected(value.error());
  if (values_.size() == count_limit) return std::unexpected(refused{400, -1101, "Too many parameters sent for this endpoint."});
  if (std::ranges::find(values_, *name, &std::pair<std::string, std::string>::first) != values_.end())
    return std::unexpected(refused{400, -1101, "Duplicate values for a parameter detected."});
  values_.emplace_back(std::move(*name), std::move(*value));
  return {};
}

outcome<parameters> parameters::from_request(std::string_view query, std::string_view form) {
  parameters out;
  for (auto rest : {query, form}) {
    bool first = true;
    while (!rest.empty()) {
      const auto part = next_part(rest);
      if (part.empty()) continue;
      if (auto added = out.add(part); !added) return std::unexpected(added.error());
      if (part.starts_with(signature_prefix)) continue;
      if (!first) out.signed_text_ += '&';
      out.signed_text_ += part;
      first = false;
    }
  }
  return out;
}

outcome<parameters> parameters::from_json(const json& object) {
  parameters out;
  if (object.is_null()) return out;
  if (!object.is_object()) return std::unexpected(refused{400, -1100, "Illegal 'params' field type in request."});
  if (object.size() > count_limit) return std::unexpected(refused{400, -1101, "Too many parameters sent for this endpoint."});
  // nlohmann's objects are sorted by name already.
  for (const auto& [name, value] : object.items()) {
    auto text = to_text(value);
    if (name != "signature") {
      if (!out.signed_text_.empty()) out.signed_text_ += '&';
      out.signed_text_ += name + "=" + text;
    }
    out.values_.emplace_back(name, std::move(text));
  }
  return out;
}

std::string_view parameters::text(std::string_view name) const {
  for (const auto& [known, value] : values_)
    if (known == name) return value;
  return {};
}

outcome<std::optional<std::int64_t>> parameters::whole(std::string_view name) const {
  const auto value = text(name);
  if (value.empty()) return std::nullopt;
  std::int64_t out = 0;
  const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), out);
  if (ec != std::errc() || end != value.data() + value.size() || value.size() > digits_limit || out < 0)
    return std::unexpected(refused{400, -1100, fmt::format("Illegal characters found in parameter '{}'; legal range is '^[0-9]{{1,18}}$'.", name)});
  return out;
}

outcome<decimal> parameters::amount(std::string_view name) const {
  const auto value = text(name);
  if (value.empty()) return decimal();
  auto number = decimal::parse(value);
  const bool plain = value.find_first_not_of("0123456789.") == value.npos;
  if (!plain || (!number && number.error().code == make_error_code(errc::malformed)))
    return std::unexpected(refused{400, -1100, fmt::format("Illegal characters found in parameter '{}'; legal range is '^([0-9]{{1,20}})(\\.[0-9]{{1,20}})?$'.", name)});
  if (!number || *number != number->round_to_places(places_limit, rounding::down))
    return std::unexpected(refused{400, -1111, fmt::format("Parameter '{}' has too much precision.", name)});
  return *number;
}

}  // namespace drover::exchanges::paper::binance
