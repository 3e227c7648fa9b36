#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/decimal.hpp"
#include "base/error.hpp"

namespace drover::engine {

enum class parameter_kind {
  /// "BTC/USDT"
  symbol,
  /// A decimal number, which travels as a string so that no digit is lost.
  amount,
  whole,
  choice,
  /// Any text of up to 256 bytes.
  text,
  flag,
};

/// One thing a person may set: how it is checked and how a page asks for it.
struct parameter_field {
  std::string_view name, title, description;
  parameter_kind kind = parameter_kind::amount;
  /// As text; empty: there is none.
  std::string_view fallback;
  /// Bounds, both included; empty: there is none. An amount is never negative.
  std::string_view least, most;
  /// "quote asset", "base asset", "s", "share" (0.01 = 1 %); empty for plain numbers.
  std::string_view unit;
  std::vector<std::string_view> choices;
  bool required = false;
};

/// Checked parameters: what was set, or its default. Asking for a name that the form does not have throws
/// std::out_of_range.
class parameter_values {
public:
  explicit parameter_values(std::map<std::string, std::string, std::less<>> texts) : texts_(std::move(texts)) {}
  bool has(std::string_view name) const { return !text(name).empty(); }
  const std::string& text(std::string_view name) const;
  /// Zero when it was not set and has no default.
  decimal amount(std::string_view name) const;
  std::optional<decimal> find_amount(std::string_view name) const;
  int whole(std::string_view name) const;
  seconds duration(std::string_view name) const { return seconds(whole(name)); }
  bool flag(std::string_view name) const { return text(name) == "true"; }

private:
  std::map<std::string, std::string, std::less<>> texts_;
};

/// The parameters of one kind of strategy: one table that makes both the JSON Schema (draft 7) and the check.
class parameter_form {
public:
  parameter_form(std::string_view title, std::vector<parameter_field> fields);
  /// Lives as long as the form.
  const std::string& schema() const { return schema_; }
  /// errc::malformed or errc::out_of_range; the detail names the field, what is wrong with it and what would be right.
  result<parameter_values> read(std::string_view json_text) const;

private:
  std::string title_;
  std::vector<parameter_field> fields_;
  std::string schema_;
};

/// The field that every strategy has.
parameter_field symbol_field();

}  // namespace drover::engine
