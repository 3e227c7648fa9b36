#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges {

std::string quote_json(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out = "\"";
  out.reserve(text.size() + 2);
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

void json_object::begin(std::string_view name) {
  if (text_.size() > 1) text_ += ',';
  text_ += quote_json(name);
  text_ += ':';
}

json_object& json_object::text(std::string_view name, std::string_view value) { return raw(name, quote_json(value)); }
json_object& json_object::text_if(std::string_view name, std::string_view value) {
  return value.empty() ? *this : text(name, value);
}
json_object& json_object::text(std::string_view name, decimal value) { return text(name, value.to_string()); }
json_object& json_object::number(std::string_view name, std::int64_t value) { return raw(name, std::to_string(value)); }
json_object& json_object::number(std::string_view name, decimal value) { return raw(name, value.to_string()); }
json_object& json_object::boolean(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }

json_object& json_object::raw(std::string_view name, std::string_view json) {
  begin(name);
  text_ += json;
  return *this;
}

}  // namespace drover::exchanges
