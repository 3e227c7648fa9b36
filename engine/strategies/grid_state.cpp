#include <mutex>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "engine/strategies/grid.hpp"

namespace drover::engine {

namespace {

constexpr std::int64_t state_version = 1;

struct held_row {
  std::size_t cell = 0;
  decimal quantity;
  bool lent = false;
};

/// [cell, "quantity", lent]
result<held_row> parse_held(const json& row) {
  const bool shaped = row.is_array() && row.size() == 3 && row[0].is_number_integer() && row[0] >= 0 && row[1].is_string() && row[2].is_boolean();
  if (!shaped) return fail(errc::malformed, "saved grid state: held is not a list of [cell, quantity, lent]");
  auto quantity = decimal::parse(row[1].get<std::string>());
  if (!quantity || quantity->is_negative()) return fail(errc::malformed, "saved grid state: a held quantity is not an amount");
  return held_row{row[0].get<std::size_t>(), *quantity, row[2].get<bool>()};
}

std::string text_of(const json& object, const char* key) {
  auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

/// Thousands of bots run with the same parameters: they are parsed once and shared while anybody uses them.
class parameter_cache {
 public:
  result<std::shared_ptr<const grid_parameters>> get(const std::string& text) {
    std::lock_guard lock(mutex_);
    if (auto known = parsed_.lock(); known && text == text_) return known;
    auto parameters = parse_grid_parameters(text);
    if (!parameters) return std::unexpected(parameters.error());
    auto shared = std::make_shared<const grid_parameters>(std::move(*parameters));
    parsed_ = shared;
    text_ = text;
    return shared;
  }

 private:
  std::mutex mutex_;
  std::string text_;
  std::weak_ptr<const grid_parameters> parsed_;
};

result<std::shared_ptr<const grid_parameters>> shared_parameters(const std::string& text) {
  static parameter_cache cache;
  return cache.get(text);
}

}  // namespace

std::string grid::save_state() const {
  if (!ladder_) return {};
  json held = json::array();
  for (std::size_t i = 0; i < cells_.size(); ++i)
    if (cells_[i].held.is_positive()) held.push_back({i, cells_[i].held.to_string(), cells_[i].lent});
  json out{{"v", state_version}, {"shape", parameters_->shape()}, {"reference", ladder_->reference().to_string()}, {"lent", lent_}, {"held", std::move(held)}};
  return out.dump();
}

result<void> grid::restore(const std::string& state_json) {
  auto parsed = parse_json(state_json);
  if (!parsed) return fail(errc::malformed, "saved grid state: " + parsed.error().detail);
  if (!parsed->is_object() || !parsed->contains("v") || parsed->at("v") != state_version) return fail(errc::malformed, "saved grid state has an unknown version");
  // Other parameters make other lines: begin anew, the books say what is held.
  if (text_of(*parsed, "shape") != parameters_->shape()) return {};
  auto reference = decimal::parse(text_of(*parsed, "reference"));
  if (!reference || !reference->is_positive()) return fail(errc::malformed, "saved grid state: reference is not a price");
  const auto limit = static_cast<std::size_t>(2 * parameters_->levels - 1);
  std::vector<cell> cells(limit);
  const auto rows = parsed->find("held");
  if (rows == parsed->end() || !rows->is_array()) return fail(errc::malformed, "saved grid state: held is missing");
  for (const auto& row : *rows) {
    auto held = parse_held(row);
    if (!held) return std::unexpected(held.error());
    if (held->cell >= limit) return fail(errc::malformed, "saved grid state: a cell is outside the grid");
    cells[held->cell].held = held->quantity;
    cells[held->cell].lent = held->lent;
  }
  cells_ = std::move(cells);
  lent_ = parsed->contains("lent") && parsed->at("lent") == true;
  restored_reference_ = *reference;
  return {};
}

result<std::unique_ptr<strategy>> make_grid(const std::string& parameters_json, const std::string& state_json) {
  auto parameters = shared_parameters(parameters_json);
  if (!parameters) return std::unexpected(parameters.error());
  auto made = std::make_unique<grid>(std::move(*parameters));
  if (!state_json.empty()) {
    auto restored = made->restore(state_json);
    if (!restored) return std::unexpected(restored.error());
  }
  return std::unique_ptr<strategy>(std::move(made));
}

result<std::string> grid_symbol(const std::string& parameters_json) {
  auto parameters = shared_parameters(parameters_json);
  if (!parameters) return std::unexpected(parameters.error());
  return (*parameters)->symbol;
}

}  // namespace drover::engine
