#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace drover {

/// What went wrong, as a value. `code` is a module's error enum (each value documented where it is declared);
/// `detail` is fit to be shown to the person who caused it: no secret, SQL, file system path or type name in it.
struct error {
  std::error_code code;
  std::string detail;
  /// How long the other side asked us to stay away (Retry-After, ban end), where it did.
  std::optional<std::chrono::milliseconds> retry_after{};

  error(std::error_code c, std::string d = {}) : code(c), detail(std::move(d)) {}
  template <class Enum>
    requires std::is_error_code_enum_v<Enum>
  error(Enum e, std::string d = {}) : code(make_error_code(e)), detail(std::move(d)) {}

  /// "<category>: <message of the code>: <detail>", for logs.
  std::string to_string() const;
};

template <class T = void>
using result = std::expected<T, error>;

/// Shorthand for `return std::unexpected(error(code, detail))`.
template <class Enum>
std::unexpected<error> fail(Enum code, std::string detail = {}) {
  return std::unexpected<error>(error(code, std::move(detail)));
}

/// Errors of the kit itself.
enum class errc {
  /// The bytes are not what the format demands; the detail names the place.
  malformed = 1,
  /// A value is outside its documented bounds; the detail names the value and the bounds.
  out_of_range,
  /// A deadline passed before the operation ended. For a write to a venue this never means "did not happen".
  timed_out,
  /// The owner is stopping; nothing is wrong.
  cancelled,
  /// A bounded queue is full; try again later.
  overloaded,
  /// The thing asked for does not exist.
  not_found,
  /// The operating system refused a file or socket operation; the detail names the operation.
  io,
};

std::error_code make_error_code(errc);

/// Base for the categories of the modules: a name and a table from value to message.
class enum_category : public std::error_category {
 public:
  using message_function = std::string_view (*)(int);
  constexpr enum_category(const char* name, message_function message) : name_(name), message_(message) {}
  const char* name() const noexcept override { return name_; }
  std::string message(int value) const override { return std::string(message_(value)); }

 private:
  const char* name_;
  message_function message_;
};

}  // namespace drover

template <>
struct std::is_error_code_enum<drover::errc> : std::true_type {};
