#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/decimal.hpp"

namespace drover::exchanges {

/// Writes a JSON object member by member, in the order of the calls: signatures cover the bytes.
class json_object {
 public:
  json_object& text(std::string_view name, std::string_view value);
  /// Nothing when `value` is empty.
  json_object& text_if(std::string_view name, std::string_view value);
  /// Amounts travel as strings.
  json_object& text(std::string_view name, decimal value);
  json_object& number(std::string_view name, std::int64_t value);
  json_object& number(std::string_view name, decimal value);
  json_object& boolean(std::string_view name, bool value);
  /// `json` is JSON already.
  json_object& raw(std::string_view name, std::string_view json);
  std::string done() const { return text_ + "}"; }

 private:
  void begin(std::string_view name);
  std::string text_ = "{";
};

/// With the quotes.
std::string quote_json(std::string_view);

}  // namespace drover::exchanges
