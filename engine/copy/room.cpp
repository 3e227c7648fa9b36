#include "engine/copy/room.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"

namespace drover::engine {

namespace {

constexpr int share_places = 8;

template <class Enum, std::size_t Size>
using names = std::array<std::pair<Enum, std::string_view>, Size>;

constexpr names<room_role, 4> role_names{{{room_role::lead, "lead"},
                                          {room_role::member, "member"},
                                          {room_role::former, "former"},
                                          {room_role::invited, "invited"}}};
constexpr names<member_state, 4> member_state_names{{{member_state::joined, "joined"},
                                                     {member_state::left, "left"},
                                                     {member_state::removed, "removed"},
                                                     {member_state::ended, "ended"}}};
constexpr names<signal_outcome, 3> outcome_names{
    {{signal_outcome::taken, "taken"}, {signal_outcome::carried, "carried"}, {signal_outcome::skipped, "skipped"}}};

template <class Enum, std::size_t Size>
std::string_view name_of(const names<Enum, Size>& table, Enum value) {
  return std::ranges::find(table, value, [](const auto& row) { return row.first; })->second;
}
template <class Enum, std::size_t Size>
std::optional<Enum> parse_name(const names<Enum, Size>& table, std::string_view text) {
  const auto at = std::ranges::find(table, text, [](const auto& row) { return row.second; });
  return at == table.end() ? std::nullopt : std::optional(at->first);
}

std::optional<std::int64_t> parse_positive(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size() || value <= 0) return std::nullopt;
  return value;
}

}  // namespace

std::string_view to_string(room_state s) {
  return s == room_state::open ? "open" : "closed";
}
std::string_view to_string(room_role r) {
  return name_of(role_names, r);
}
std::optional<room_role> parse_room_role(std::string_view text) {
  return parse_name(role_names, text);
}
std::string_view to_string(member_state s) {
  return name_of(member_state_names, s);
}
std::optional<member_state> parse_member_state(std::string_view text) {
  return parse_name(member_state_names, text);
}
std::string_view to_string(signal_outcome o) {
  return name_of(outcome_names, o);
}
std::optional<signal_outcome> parse_signal_outcome(std::string_view text) {
  return parse_name(outcome_names, text);
}

bool room::covers(std::string_view symbol) const {
  return symbols.empty() || std::ranges::find(symbols, symbol) != symbols.end();
}

std::string to_signal_id(signal_key key) {
  return std::to_string(key.room.value) + '.' + std::to_string(key.fill.value);
}

std::optional<signal_key> parse_signal_id(std::string_view text) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto room = parse_positive(text.substr(0, dot)), fill = parse_positive(text.substr(dot + 1));
  if (!room || !fill) return std::nullopt;
  return signal_key{room_id(*room), fill_id(*fill)};
}

std::string to_signal_source(room_id id) {
  return "room:" + std::to_string(id.value);
}

std::optional<decimal> slippage_of(exchanges::side side, decimal signal_price, decimal filled_price) {
  if (!signal_price.is_positive() || !filled_price.is_positive()) return std::nullopt;
  const auto worse = side == exchanges::side::buy ? filled_price - signal_price : signal_price - filled_price;
  return decimal::divide(worse, signal_price).round_to_places(share_places, rounding::half_even);
}

std::optional<decimal> find_drift(const std::string& state_json) {
  const auto saved = parse_json(state_json);
  if (!saved || !saved->is_object()) return std::nullopt;
  const auto own = saved->find("own");
  if (own == saved->end() || !own->is_object()) return std::nullopt;
  const auto drift = own->find("drift");
  if (drift == own->end() || !drift->is_string()) return std::nullopt;
  auto value = decimal::parse(drift->get_ref<const std::string&>());
  return value ? std::optional(*value) : std::nullopt;
}

}  // namespace drover::engine
