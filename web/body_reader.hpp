#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.hpp"
#include "base/secret.hpp"
#include "web/request.hpp"

namespace drover::web {

/// Reads the members of a JSON object that a request carries, and collects everything that is wrong with it, so that
/// the caller hears all of it at once. Members that nobody asked for are refused by finish().
class body_reader {
public:
  /// 415 without a JSON content type, 400 for text that is not JSON, 422 when it is not an object.
  static std::expected<body_reader, problem> open(const request&);
  body_reader(body_reader&&) noexcept;
  ~body_reader();

  /// 1 to `limit` characters.
  std::string required_text(std::string_view name, std::size_t limit);
  /// Absent and null are nothing.
  std::optional<std::string> optional_text(std::string_view name, std::size_t limit);
  /// A list of at most `count` texts, none longer than `limit`.
  std::vector<std::string> optional_texts(std::string_view name, std::size_t count, std::size_t limit);
  /// A number without an exponent, as text.
  std::optional<decimal> optional_amount(std::string_view name);
  /// As text; the parsed copy is wiped.
  secret required_secret(std::string_view name, std::size_t limit);
  std::optional<secret> optional_secret(std::string_view name, std::size_t limit);
  bool required_flag(std::string_view name);
  std::optional<bool> optional_flag(std::string_view name);
  /// A JSON object as text of at most `limit` bytes.
  std::optional<std::string> optional_object(std::string_view name, std::size_t limit);
  std::optional<std::int64_t> optional_integer(std::string_view name, std::int64_t least, std::int64_t most);
  void complain(std::string_view name, std::string detail);

  /// Nothing when all is well, else 422 with one entry per member.
  std::optional<problem> finish();

private:
  struct state;
  explicit body_reader(std::unique_ptr<state>);
  std::unique_ptr<state> state_;
};

}  // namespace drover::web
