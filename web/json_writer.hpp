#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/decimal.hpp"
#include "base/ids.hpp"

namespace drover::web {

/// Writes JSON straight into one string, commas included. Keys are literals that need no escaping; values are escaped.
/// Calls must be balanced by the caller. Any thread, as any value.
class json_writer {
public:
  explicit json_writer(std::size_t expected_bytes = 256) { text_.reserve(expected_bytes); }

  json_writer& begin_object();
  json_writer& end_object();
  json_writer& begin_array();
  json_writer& end_array();
  json_writer& key(std::string_view literal);

  json_writer& value(std::string_view text);
  json_writer& value(const char* text) { return value(std::string_view(text)); }
  json_writer& value(const std::string& text) { return value(std::string_view(text)); }
  json_writer& value(bool);
  json_writer& value(std::int64_t);
  template <std::integral I>
    requires(!std::same_as<I, bool> && !std::same_as<I, std::int64_t>)
  json_writer& value(I number) {
    return value(static_cast<std::int64_t>(number));
  }
  /// As a string: no digit is lost in a browser.
  json_writer& value(decimal);
  /// RFC 3339 with Z.
  json_writer& value(wall_time);
  /// null when it is no id.
  template <class Tag>
  json_writer& value(strong_id<Tag> id) {
    return id.valid() ? value(id.value) : null();
  }
  template <class T>
  json_writer& value(const std::optional<T>& maybe) {
    return maybe ? value(*maybe) : null();
  }
  json_writer& null();
  /// JSON text that is known to be whole and valid.
  json_writer& raw(std::string_view json_text);

  template <class T>
  json_writer& member(std::string_view name, const T& v) {
    return key(name).value(v);
  }

  const std::string& text() const { return text_; }
  std::string take() { return std::move(text_); }

private:
  void separate();
  std::string text_;
  bool needs_comma_ = false;
};

}  // namespace drover::web
