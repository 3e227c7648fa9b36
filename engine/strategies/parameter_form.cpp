#include "engine/strategies/parameter_form.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "engine/strategies/sizing.hpp"

namespace drover::engine {

namespace {

using ordered = nlohmann::ordered_json;
using field_kind = parameter_kind;

constexpr std::string_view amount_pattern = "^[0-9]+(\\.[0-9]{1,18})?$";
constexpr std::string_view symbol_pattern = "^[A-Z0-9]{1,16}/[A-Z0-9]{1,16}$";
/// Decimal digits of the largest whole number.
constexpr std::size_t whole_digits = 9;
constexpr std::size_t text_limit = 256;

int to_whole(std::string_view text) {
  int out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

ordered describe(const parameter_field& f) {
  ordered out{{"title", f.title}, {"description", f.description}};
  switch (f.kind) {
    case field_kind::symbol:
      out["type"] = "string";
      out["pattern"] = symbol_pattern;
      break;
    case field_kind::amount:
      out["type"] = "string";
      out["pattern"] = amount_pattern;
      if (!f.least.empty()) out["x-minimum"] = f.least;
      if (!f.most.empty()) out["x-maximum"] = f.most;
      break;
    case field_kind::whole:
      out["type"] = {"integer", "string"};
      if (!f.least.empty()) out["minimum"] = to_whole(f.least);
      if (!f.most.empty()) out["maximum"] = to_whole(f.most);
      break;
    case field_kind::choice:
      out["enum"] = f.choices;
      break;
    case field_kind::text:
      out["type"] = "string";
      out["maxLength"] = text_limit;
      break;
    case field_kind::flag:
      out["type"] = "boolean";
      break;
  }
  if (!f.unit.empty()) out["x-unit"] = f.unit;
  if (f.fallback.empty()) return out;
  if (f.kind == field_kind::whole) {
    out["default"] = to_whole(f.fallback);
  } else if (f.kind == field_kind::flag) {
    out["default"] = f.fallback == "true";
  } else {
    out["default"] = f.fallback;
  }
  return out;
}

std::string make_schema(const std::string& title, const std::vector<parameter_field>& fields) {
  ordered out{{"$schema", "http://json-schema.org/draft-07/schema#"},
              {"title", title},
              {"type", "object"},
              {"additionalProperties", false}};
  auto& properties = out["properties"] = ordered::object();
  ordered required = ordered::array();
  for (const auto& f : fields) {
    properties[std::string(f.name)] = describe(f);
    if (f.required) required.push_back(f.name);
  }
  if (!required.empty()) out["required"] = required;
  return out.dump(2);
}

std::string bounds_of(const parameter_field& f) {
  std::string out;
  if (!f.least.empty()) out += " from " + std::string(f.least);
  if (!f.most.empty()) out += (f.least.empty() ? " up to " : " to ") + std::string(f.most);
  return out;
}

bool is_within(const parameter_field& f, decimal value) {
  return (f.least.empty() || value >= decimal::literal(f.least)) &&
         (f.most.empty() || value <= decimal::literal(f.most));
}

/// What is wrong with the text of a field; empty when it is right.
std::string find_fault(const parameter_field& f, const std::string& text) {
  const auto value = decimal::parse(text);
  switch (f.kind) {
    case field_kind::symbol:
      return is_symbol(text) ? "" : "must name an instrument as BASE/QUOTE, such as \"BTC/USDT\"";
    case field_kind::amount:
      if (value && !value->is_negative() && is_within(f, *value)) return "";
      return "must be a decimal number in a string, such as \"0.5\"," +
             (bounds_of(f).empty() ? " not negative" : bounds_of(f));
    case field_kind::whole:
      if (value && text.size() <= whole_digits && value->is_multiple_of(decimal(1)) && is_within(f, *value)) return "";
      return "must be a whole number" + bounds_of(f);
    case field_kind::choice: {
      if (std::ranges::find(f.choices, text) != f.choices.end()) return "";
      std::string out = "must be one of";
      for (const auto c : f.choices) out += " \"" + std::string(c) + "\"";
      return out;
    }
    case field_kind::text:
      return !text.empty() && text.size() <= text_limit
                 ? ""
                 : "must be text of 1 to " + std::to_string(text_limit) + " bytes";
    case field_kind::flag:
      return text == "true" || text == "false" ? "" : "must be true or false";
  }
  return "";
}

std::optional<std::string> text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer() || value.is_boolean()) return value.dump();
  return std::nullopt;
}

}  // namespace

parameter_form::parameter_form(std::string_view title, std::vector<parameter_field> fields)
    : title_(title), fields_(std::move(fields)), schema_(make_schema(title_, fields_)) {}

result<parameter_values> parameter_form::read(std::string_view json_text) const {
  auto parsed = parse_json(json_text.empty() ? "{}" : json_text);
  if (!parsed) return fail(errc::malformed, "parameters: " + parsed.error().detail);
  if (!parsed->is_object()) return fail(errc::malformed, "parameters must be a JSON object");
  for (const auto& [key, value] : parsed->items())
    if (std::ranges::find(fields_, key, &parameter_field::name) == fields_.end())
      return fail(errc::out_of_range, key + " is not a parameter of " + title_);
  std::map<std::string, std::string, std::less<>> texts;
  for (const auto& f : fields_) {
    const std::string name(f.name);
    auto& text = texts[name] = f.fallback;
    const auto at = parsed->find(name);
    if (at == parsed->end()) {
      if (f.required) return fail(errc::out_of_range, name + " is missing: " + std::string(f.description));
      continue;
    }
    const auto written = text_of(*at);
    if (!written || written->empty()) return fail(errc::out_of_range, name + " " + find_fault(f, ""));
    if (const auto fault = find_fault(f, *written); !fault.empty()) return fail(errc::out_of_range, name + " " + fault);
    text = *written;
  }
  return parameter_values(std::move(texts));
}

const std::string& parameter_values::text(std::string_view name) const {
  const auto at = texts_.find(name);
  if (at == texts_.end()) throw std::out_of_range("no parameter " + std::string(name));
  return at->second;
}

decimal parameter_values::amount(std::string_view name) const {
  return find_amount(name).value_or(decimal());
}

std::optional<decimal> parameter_values::find_amount(std::string_view name) const {
  if (!has(name)) return std::nullopt;
  return decimal::literal(text(name));
}

int parameter_values::whole(std::string_view name) const {
  const auto value = amount(name);
  return static_cast<int>(value.raw() / decimal(1).raw());
}

parameter_field symbol_field() {
  return {.name = "symbol",
          .title = "Instrument",
          .description = "The pair it trades, BASE/QUOTE.",
          .kind = parameter_kind::symbol,
          .fallback = "BTC/USDT",
          .least = {},
          .most = {},
          .unit = {},
          .choices = {}};
}

}  // namespace drover::engine
