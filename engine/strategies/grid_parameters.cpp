#include "engine/strategies/grid_parameters.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "engine/strategies/sizing.hpp"

namespace drover::engine {

const std::string_view grid_parameter_schema = R"json({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "title": "Grid",
  "type": "object",
  "additionalProperties": false,
  "definitions": {"amount": {"type": "string", "pattern": "^[0-9]+(\\.[0-9]{1,18})?$"}},
  "properties": {
    "symbol": {"title": "Instrument", "type": "string", "pattern": "^[A-Z0-9]{1,16}/[A-Z0-9]{1,16}$", "default": "BTC/USDT",
               "description": "Instrument, BASE/QUOTE."},
    "levels": {"title": "Levels", "type": ["integer", "string"], "minimum": 1, "maximum": 50, "default": 5,
               "description": "Lines below and above the first price; at most so many orders rest on each side."},
    "spacing": {"title": "Spacing", "x-unit": "share", "$ref": "#/definitions/amount", "default": "0.0025",
                "description": "Distance between lines as a share of the first price (0.0025 = 0.25 %)."},
    "lower": {"title": "Lowest line", "x-unit": "quote asset", "$ref": "#/definitions/amount", "description": "Lowest line of a fixed range, instead of spacing."},
    "upper": {"title": "Highest line", "x-unit": "quote asset", "$ref": "#/definitions/amount", "description": "Highest line of a fixed range, instead of spacing."},
    "order_quantity": {"title": "Quantity of an order", "x-unit": "base asset", "$ref": "#/definitions/amount", "description": "Size of one order in the base asset."},
    "order_notional": {"title": "Worth of an order", "x-unit": "quote asset", "$ref": "#/definitions/amount", "default": "50",
                       "description": "Size of one order in the quote asset."},
    "sides": {"title": "Sides", "enum": ["both", "buys"], "default": "both",
              "description": "both: sells above the first price from coins that the account holds; buys: leaves them alone."}
  },
  "dependencies": {"lower": ["upper"], "upper": ["lower"]},
  "not": {"anyOf": [{"required": ["spacing", "lower"]}, {"required": ["order_quantity", "order_notional"]}]}
})json";

namespace {

const std::array<std::string_view, 8> known_fields{"symbol", "levels",         "spacing",        "lower",
                                                   "upper",  "order_quantity", "order_notional", "sides"};
const decimal default_notional(50);
/// Lines farther apart are no grid.
const decimal largest_spacing = decimal::literal("0.2");

/// The fields one by one; remembers the first problem.
class field_reader {
 public:
  explicit field_reader(const json& object) : object_(object) {}
  const std::optional<error>& problem() const { return problem_; }
  void refuse(std::string_view field, std::string_view why) {
    if (!problem_) problem_ = error(errc::out_of_range, std::string(field) + " " + std::string(why));
  }

  std::optional<std::string> text(const char* field) {
    auto at = object_.find(field);
    if (at == object_.end()) return std::nullopt;
    if (at->is_string()) return at->get<std::string>();
    if (at->is_number_integer()) return at->dump();
    refuse(field, "must be a string");
    return std::nullopt;
  }
  std::optional<decimal> positive(const char* field) {
    auto written = text(field);
    if (!written) return std::nullopt;
    auto value = decimal::parse(*written);
    if (value && value->is_positive()) return *value;
    refuse(field, "must be a positive decimal number in a string, such as \"0.5\"");
    return std::nullopt;
  }

 private:
  const json& object_;
  std::optional<error> problem_;
};

void read_levels(field_reader& fields, grid_parameters& out) {
  auto written = fields.text("levels");
  if (!written) return;
  auto value = decimal::parse(*written);
  if (!value || !value->is_multiple_of(decimal(1)) || *value < decimal(1) || *value > decimal(grid_parameters::levels_limit))
    return fields.refuse("levels", "must be a whole number from 1 to " + std::to_string(grid_parameters::levels_limit));
  for (out.levels = 1; decimal(out.levels) < *value;) ++out.levels;
}

void read_lines(field_reader& fields, grid_parameters& out) {
  auto spacing = fields.positive("spacing");
  out.lower = fields.positive("lower");
  out.upper = fields.positive("upper");
  if (out.lower.has_value() != out.upper.has_value())
    return fields.refuse(out.lower ? "upper" : "lower", "is missing: a fixed range needs lower and upper");
  if (out.lower && spacing) return fields.refuse("spacing", "cannot be set together with lower and upper");
  if (out.lower && *out.lower >= *out.upper) return fields.refuse("upper", "must be above lower");
  if (spacing && *spacing > largest_spacing)
    return fields.refuse("spacing", "must be at most " + largest_spacing.to_string());
  if (spacing) out.spacing = *spacing;
  if (!out.lower && out.spacing * decimal(out.levels) >= decimal(1))
    fields.refuse("levels", "times spacing must stay below 1: the lowest line would not be a price");
}

void read_size(field_reader& fields, grid_parameters& out) {
  out.order_quantity = fields.positive("order_quantity");
  out.order_notional = fields.positive("order_notional");
  if (out.order_quantity && out.order_notional)
    return fields.refuse("order_notional", "cannot be set together with order_quantity");
  if (!out.order_quantity && !out.order_notional) out.order_notional = default_notional;
}

void read_sides(field_reader& fields, grid_parameters& out) {
  const auto sides = fields.text("sides").value_or("both");
  if (sides != "both" && sides != "buys") return fields.refuse("sides", "must be \"both\" or \"buys\"");
  out.sides = sides == "buys" ? grid_sides::buys : grid_sides::both;
}

}  // namespace

std::string grid_parameters::shape() const {
  auto lines = has_fixed_range() ? lower->to_string() + "-" + upper->to_string() : spacing.to_string();
  return symbol + " " + std::to_string(levels) + " " + lines;
}

result<grid_parameters> parse_grid_parameters(std::string_view json_text) {
  auto parsed = parse_json(json_text.empty() ? "{}" : json_text);
  if (!parsed) return fail(errc::malformed, "parameters: " + parsed.error().detail);
  if (!parsed->is_object()) return fail(errc::malformed, "parameters must be a JSON object");
  for (const auto& [key, value] : parsed->items())
    if (std::ranges::find(known_fields, key) == known_fields.end())
      return fail(errc::out_of_range, key + " is not a parameter of the grid");
  grid_parameters out;
  field_reader fields(*parsed);
  out.symbol = fields.text("symbol").value_or(out.symbol);
  if (!is_symbol(out.symbol)) fields.refuse("symbol", "must name an instrument as BASE/QUOTE, such as \"BTC/USDT\"");
  read_levels(fields, out);
  read_lines(fields, out);
  read_size(fields, out);
  read_sides(fields, out);
  if (fields.problem()) return std::unexpected(*fields.problem());
  return out;
}

}  // namespace drover::engine
