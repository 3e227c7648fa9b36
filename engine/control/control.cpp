#include "engine/control/control.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"

namespace drover::engine {
namespace {

constexpr std::array<std::string_view, 3> lock_names{"login", "trading", "lockdown"};
constexpr std::array<std::string_view, 3> state_names{"working", "done", "released"};

std::string_view message_of(int value) {
  switch (static_cast<control_errc>(value)) {
    case control_errc::admins_only: return "only administrators may do this";
    case control_errc::not_yours: return "an administrator asked for it";
    case control_errc::too_loose: return "the limit is looser than what is allowed";
  }
  return "unknown control error";
}

const enum_category category("control", message_of);

template <class Enum, std::size_t size>
std::optional<Enum> find_name(const std::array<std::string_view, size>& names, std::string_view text) {
  for (std::size_t i = 0; i < size; ++i)
    if (names[i] == text) return static_cast<Enum>(i);
  return std::nullopt;
}

json to_json(const residual_exposure& e) {
  json out{{"account_id", e.account.value}, {"bot_id", e.bot.value},         {"exchange", e.exchange},
           {"symbol", e.symbol},            {"open_orders", e.open_orders}, {"position", e.position.to_string()},
           {"notional", nullptr},           {"problem", e.problem}};
  if (e.notional) out["notional"] = e.notional->to_string();
  return out;
}

residual_exposure exposure_of(const json& j) {
  residual_exposure e{.account = account_id(j.at("account_id").get<std::int64_t>()),
                      .bot = bot_id(j.at("bot_id").get<std::int64_t>()),
                      .exchange = j.at("exchange"),
                      .symbol = j.at("symbol"),
                      .open_orders = j.at("open_orders"),
                      .position = decimal::parse(j.at("position").get<std::string>()).value(),
                      .notional = {},
                      .problem = j.at("problem")};
  if (!j.at("notional").is_null()) e.notional = decimal::parse(j.at("notional").get<std::string>()).value();
  return e;
}

}  // namespace

std::error_code make_error_code(control_errc value) { return {static_cast<int>(value), category}; }

std::string_view to_string(engine_lock lock) { return lock_names[static_cast<std::size_t>(lock)]; }
std::optional<engine_lock> parse_engine_lock(std::string_view text) { return find_name<engine_lock>(lock_names, text); }
std::string_view to_string(kill_state state) { return state_names[static_cast<std::size_t>(state)]; }
std::optional<kill_state> parse_kill_state(std::string_view text) { return find_name<kill_state>(state_names, text); }

std::string to_json(const kill_receipt& r) {
  json out{{"entries_halted_since", to_rfc3339(r.entries_halted_since)},
           {"bots", r.bots},
           {"orders_cancelled", r.orders_cancelled},
           {"orders_open", r.orders_open},
           {"complete", r.complete},
           {"residual", json::array()}};
  for (const auto& e : r.residual) out["residual"].push_back(to_json(e));
  return out.dump();
}

result<kill_receipt> parse_receipt(const std::string& text) {
  auto j = parse_json(text);
  if (!j) return std::unexpected(j.error());
  kill_receipt r;
  if (!j->is_object() || j->empty()) return r;
  try {
    auto since = parse_rfc3339(j->at("entries_halted_since").get<std::string>());
    if (since) r.entries_halted_since = *since;
    r.bots = j->at("bots");
    r.orders_cancelled = j->at("orders_cancelled");
    r.orders_open = j->at("orders_open");
    r.complete = j->at("complete");
    for (const auto& e : j->at("residual")) r.residual.push_back(exposure_of(e));
  } catch (const std::exception& e) {
    return fail(errc::malformed, std::string("a receipt cannot be read: ") + e.what());
  }
  return r;
}

}  // namespace drover::engine
