#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/decimal.hpp"
#include "base/ids.hpp"

namespace drover::web {

/// Writes CSV (RFC 4180: commas, CRLF, quotes where needed) into one string. A text that a spreadsheet would run as a formula
/// (it begins with = + - @, a tab or a carriage return) gets an apostrophe in front, unless it is a number. Any thread, as any value.
class csv_writer {
public:
  explicit csv_writer(std::size_t expected_bytes = 1024) { text_.reserve(expected_bytes); }

  csv_writer& value(std::string_view text);
  csv_writer& value(const char* text) { return value(std::string_view(text)); }
  csv_writer& value(const std::string& text) { return value(std::string_view(text)); }
  csv_writer& value(bool b) { return value(std::string_view(b ? "true" : "false")); }
  template <std::integral I>
    requires(!std::same_as<I, bool>)
  csv_writer& value(I number) {
    return value(std::to_string(number));
  }
  csv_writer& value(decimal d) { return value(d.to_string()); }
  /// RFC 3339 with Z.
  csv_writer& value(wall_time at) { return value(to_rfc3339(at)); }
  /// Empty when it is no id.
  template <class Tag>
  csv_writer& value(strong_id<Tag> id) {
    return id.valid() ? value(id.value) : empty();
  }
  template <class T>
  csv_writer& value(const std::optional<T>& maybe) {
    return maybe ? value(*maybe) : empty();
  }
  csv_writer& empty() { return value(std::string_view()); }
  void end_row();

  const std::string& text() const { return text_; }
  std::string take() { return std::move(text_); }

private:
  std::string text_;
  bool row_begun_ = false;
};

}  // namespace drover::web
