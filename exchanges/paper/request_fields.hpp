#pragma once

#include <concepts>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/decimal.hpp"
#include "base/json.hpp"

namespace drover::exchanges::paper {

/// Reads JSON as clients of venues write it: numbers with a point or an exponent become strings with the digits as they were
/// sent, so that nothing is lost. Nothing for what is not JSON, too deep (64) or too big (1 MiB).
std::optional<json> read_loose_json(std::string_view text);

/// What cannot be read, for the dialect to put into its venue's words.
struct field_problem {
  enum class reason {
    /// Not form-encoded, not a JSON object, too many fields, or a field twice. `name` may be empty.
    unreadable,
    not_a_number,
    /// More places than a decimal of the paper exchange takes (8).
    too_precise,
    out_of_range,
  };
  reason why = reason::unreadable;
  std::string name;
};
template <class T>
using field_result = std::expected<T, field_problem>;

/// The parameters of one request, whether they came as query, form or JSON: names and texts.
class request_fields {
 public:
  static constexpr std::size_t count_limit = 256;

  /// "a=1&b=2", percent-encoded.
  static field_result<request_fields> from_form(std::string_view);
  /// A JSON object, or nothing at all.
  static field_result<request_fields> from_json(std::string_view);
  /// An object from inside a message read with read_loose_json; other values give no fields.
  template <std::same_as<json> Value>
  static request_fields from_json(const Value& object) {
    return from_object(object);
  }

  /// The text of a string, number or boolean; empty when absent, null, or an object or array.
  std::string_view text(std::string_view name) const;
  bool has(std::string_view name) const { return !text(name).empty(); }
  /// Nothing when absent.
  field_result<std::optional<std::int64_t>> whole(std::string_view name) const;
  /// Nothing when absent; negative and non-finite numbers are not_a_number.
  field_result<std::optional<decimal>> amount(std::string_view name) const;
  /// "true" and "1" (JSON: true, 1, "true") are true.
  bool flag(std::string_view name, bool usual = false) const;
  /// The objects or arrays of a JSON body; nullptr when absent.
  const json* member(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return values_; }

 private:
  static request_fields from_object(const json&);
  field_result<void> add(std::string_view part);
  std::vector<std::pair<std::string, std::string>> values_;
  /// Objects and arrays; nullptr when there are none.
  std::shared_ptr<const json> structured_;
};

}  // namespace drover::exchanges::paper
