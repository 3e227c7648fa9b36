#pragma once

// For the parse files of the venues only: simdjson is a heavy include.
#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/decimal.hpp"
#include "base/error.hpp"
#include "exchanges/types.hpp"

namespace drover::exchanges {

namespace sj = simdjson::ondemand;

/// A buffer with the padding simdjson wants, and its parsers; kept between documents. One thread.
///
/// On-demand reading trusts that the structure is sound once it has passed over it; bytes of strangers must not be able to
/// break that trust, so every document is validated as a whole first.
class json_source {
 public:
  /// Deeper nesting is refused; venues need less than ten levels.
  static constexpr std::size_t depth_limit = 64;

  /// Copies `text`. errc::malformed unless it is one valid JSON value in UTF-8.
  result<void> load(std::string_view text) {
    buffer_.assign(text).append(simdjson::SIMDJSON_PADDING, '\0');
    if (text.size() > validator_.capacity())
      if (auto failure = validator_.allocate(text.size(), depth_limit)) return refuse(failure);
    if (auto failure = validator_.parse(buffer_.data(), text.size(), false).error()) return refuse(failure);
    auto failure = parser_.iterate(simdjson::padded_string_view(buffer_.data(), text.size(), buffer_.size()))
                       .get(document_);
    if (failure) return refuse(failure);
    return {};
  }
  sj::document& document() { return document_; }

 private:
  static std::unexpected<error> refuse(simdjson::error_code failure) {
    return fail(errc::malformed, simdjson::error_message(failure));
  }
  std::string buffer_;
  simdjson::dom::parser validator_;
  sj::parser parser_;
  sj::document document_;
};

/// Fields of an object by name, with the first problem remembered: read all, then ask ok().
/// Numbers are read from the raw token, quoted or not, so that no digit is lost.
class json_fields {
 public:
  explicit json_fields(sj::object o) : object_(o) {}
  explicit json_fields(simdjson::simdjson_result<sj::object> o) {
    if (std::move(o).get(object_)) note("an object was expected");
  }

  bool ok() const { return problem_.empty(); }
  const std::string& problem() const { return problem_; }
  void note(std::string_view problem) {
    if (problem_.empty()) problem_ = problem.empty() ? "bytes" : problem;
  }

  std::string_view text(std::string_view key) {
    std::string_view out;
    if (!broken()) require(object_.find_field_unordered(key).get_string().get(out), key);
    return out;
  }
  /// Empty when absent, null or no text.
  std::string_view optional_text(std::string_view key) {
    std::string_view out;
    if (broken() || is_absent(object_.find_field_unordered(key).get_string().get(out), key)) return {};
    return out;
  }
  std::int64_t integer(std::string_view key) {
    std::int64_t out = 0;
    if (!broken()) require(object_.find_field_unordered(key).get_int64().get(out), key);
    return out;
  }
  std::optional<std::int64_t> optional_integer(std::string_view key) {
    std::int64_t out = 0;
    if (broken() || is_absent(object_.find_field_unordered(key).get_int64().get(out), key)) return std::nullopt;
    return out;
  }
  bool boolean(std::string_view key) {
    bool out = false;
    if (!broken()) require(object_.find_field_unordered(key).get_bool().get(out), key);
    return out;
  }
  std::optional<bool> optional_boolean(std::string_view key) {
    bool out = false;
    if (broken() || is_absent(object_.find_field_unordered(key).get_bool().get(out), key)) return std::nullopt;
    return out;
  }
  decimal number(std::string_view key) {
    sj::value value;
    if (broken() || !require(object_.find_field_unordered(key).get(value), key)) return {};
    return to_decimal(value, key);
  }
  /// As number(), and refuses negative ones: prices, quantities, balances.
  decimal amount(std::string_view key) {
    auto d = number(key);
    if (d.is_negative()) note(key);
    return d;
  }
  /// None when absent, null or an empty text.
  std::optional<decimal> optional_amount(std::string_view key) {
    sj::value value;
    if (broken() || is_absent(object_.find_field_unordered(key).get(value), key)) return std::nullopt;
    bool null = false;
    if (!value.is_null().get(null) && null) return std::nullopt;
    auto token = token_of(value, key);
    if (token.empty()) return std::nullopt;
    auto parsed = decimal::parse(token);
    if (!parsed || parsed->is_negative()) note(key);
    return parsed && !parsed->is_negative() ? std::optional(*parsed) : std::nullopt;
  }
  /// A JSON number or a string of digits, as text: ids that may exceed 53 bits.
  std::string id(std::string_view key) {
    sj::value value;
    if (broken() || !require(object_.find_field_unordered(key).get(value), key)) return {};
    return std::string(token_of(value, key));
  }
  std::optional<sj::array> optional_array(std::string_view key) {
    sj::array out;
    if (broken() || is_absent(object_.find_field_unordered(key).get_array().get(out), key)) return std::nullopt;
    return out;
  }
  /// What goes wrong inside the object must be noted here as well (see take_problem).
  std::optional<sj::object> optional_object(std::string_view key) {
    sj::object out;
    if (broken() || is_absent(object_.find_field_unordered(key).get_object().get(out), key)) return std::nullopt;
    return out;
  }
  void take_problem(const json_fields& inner) {
    if (!inner.ok()) note(inner.problem());
  }
  /// Calls `each(json_fields&)` for the objects of an array.
  template <class Each>
  void each(std::string_view key, Each each_object) {
    sj::array array;
    if (broken() || !require(object_.find_field_unordered(key).get_array().get(array), key)) return;
    for_objects(array, *this, each_object);
  }
  template <class Each>
  static void for_objects(sj::array array, json_fields& reporter, Each each_object) {
    for (auto element : array) {
      json_fields inner(element.get_object());
      if (inner.ok()) each_object(inner);
      if (!inner.ok()) return reporter.note(inner.problem());
    }
  }

  decimal to_decimal(sj::value value, std::string_view key) {
    auto parsed = decimal::parse(token_of(value, key));
    if (parsed) return *parsed;
    note(key);
    return {};
  }

 private:
  /// simdjson must not be touched again after it met damage: it has let go of the document.
  bool broken() const { return !problem_.empty(); }

  bool require(simdjson::error_code failure, std::string_view key) {
    if (failure) note(key);
    return !failure;
  }
  /// True when the field is not there or is something else; damage is noted.
  bool is_absent(simdjson::error_code failure, std::string_view key) {
    if (!failure) return false;
    bool harmless = failure == simdjson::NO_SUCH_FIELD || failure == simdjson::INCORRECT_TYPE ||
                    failure == simdjson::NUMBER_ERROR;
    if (!harmless) note(key);
    return true;
  }

  std::string_view token_of(sj::value value, std::string_view key) {
    sj::json_type type;
    if (value.type().get(type)) {
      note(key);
      return {};
    }
    if (type == sj::json_type::string) {
      std::string_view out;
      if (value.get_string().get(out)) note(key);
      return out;
    }
    if (type != sj::json_type::number) {
      note(key);
      return {};
    }
    auto token = value.raw_json_token();
    while (!token.empty() && (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' || token.back() == '\t'))
      token.remove_suffix(1);
    return token;
  }

  sj::object object_;
  std::string problem_;
};

inline error protocol_error(std::string_view what, std::string_view problem) {
  return {exchange_errc::protocol, std::string(what) + ": unexpected " + std::string(problem)};
}

}  // namespace drover::exchanges
