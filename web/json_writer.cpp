#include "web/json_writer.hpp"

#include <fmt/format.h>

namespace drover::web {

namespace {

void append_escaped(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    // '<' and U+007F are legal but make embedding in a page or a terminal risky.
    if (c >= 0x20 && c != '"' && c != '\\' && c != '<' && c != 0x7f) continue;
    out.append(text.substr(plain, i - plain));
    plain = i + 1;
    switch (c) {
      case '"':
        out.append("\\\"");
        break;
      case '\\':
        out.append("\\\\");
        break;
      case '\n':
        out.append("\\n");
        break;
      case '\r':
        out.append("\\r");
        break;
      case '\t':
        out.append("\\t");
        break;
      default:
        out.append("\\u00");
        out.push_back(hex[c >> 4]);
        out.push_back(hex[c & 15]);
    }
  }
  out.append(text.substr(plain));
}

}  // namespace

void json_writer::separate() {
  if (needs_comma_) text_.push_back(',');
  needs_comma_ = true;
}

json_writer& json_writer::begin_object() {
  separate();
  text_.push_back('{');
  needs_comma_ = false;
  return *this;
}

json_writer& json_writer::end_object() {
  text_.push_back('}');
  needs_comma_ = true;
  return *this;
}

json_writer& json_writer::begin_array() {
  separate();
  text_.push_back('[');
  needs_comma_ = false;
  return *this;
}

json_writer& json_writer::end_array() {
  text_.push_back(']');
  needs_comma_ = true;
  return *this;
}

json_writer& json_writer::key(std::string_view literal) {
  separate();
  text_.push_back('"');
  text_.append(literal);
  text_.append("\":");
  needs_comma_ = false;
  return *this;
}

json_writer& json_writer::value(std::string_view text) {
  separate();
  text_.push_back('"');
  append_escaped(text_, text);
  text_.push_back('"');
  return *this;
}

json_writer& json_writer::value(bool b) {
  return raw(b ? "true" : "false");
}

json_writer& json_writer::value(std::int64_t number) {
  fmt::format_int digits(number);
  return raw({digits.data(), digits.size()});
}

json_writer& json_writer::value(decimal number) {
  separate();
  text_.push_back('"');
  text_.append(number.to_string());
  text_.push_back('"');
  return *this;
}

json_writer& json_writer::value(wall_time at) {
  separate();
  text_.push_back('"');
  text_.append(to_rfc3339(at));
  text_.push_back('"');
  return *this;
}

json_writer& json_writer::null() {
  return raw("null");
}

json_writer& json_writer::raw(std::string_view json_text) {
  separate();
  text_.append(json_text);
  return *this;
}

}  // namespace drover::web
