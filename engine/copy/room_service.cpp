#include "engine/copy/room_service.hpp"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "crypto/mac.hpp"
#include "engine/strategies/signal_following.hpp"
#include "tenants/errors.hpp"

namespace drover::engine {

namespace {

using tenants::tenant_errc;

/// 128 bits: nobody guesses one.
constexpr std::size_t code_bytes = 16, longest_code = 64, longest_username = 32;
constexpr std::string_view code_prefix = "room-";
constexpr std::string_view strategy_name = "signal_following";

std::unexpected<error> invalid(std::string detail) {
  return fail(tenant_errc::invalid, std::move(detail));
}

bool is_clean(std::string_view text) {
  return std::ranges::none_of(text, [](unsigned char c) { return std::iscntrl(c); });
}

result<void> check_name(const std::string& name) {
  if (name.empty() || name.size() > room_service::name_limit) return invalid("name: must have 1 to 100 bytes");
  if (!is_clean(name)) return invalid("name: must not hold control characters");
  return {};
}

bool is_symbol(std::string_view text) {
  const auto slash = text.find('/');
  const auto is_letter = [](unsigned char c) { return std::isupper(c) || std::isdigit(c) || c == '/'; };
  return slash != std::string_view::npos && slash > 0 && slash + 1 < text.size() &&
         text.find('/', slash + 1) == std::string_view::npos && text.size() <= room_service::symbol_length_limit &&
         std::ranges::all_of(text, is_letter);
}

result<void> check_symbols(std::vector<std::string>& symbols) {
  if (symbols.size() > room_service::symbol_limit)
    return invalid("symbols: at most 20; leave it empty to lead on every market");
  for (const auto& symbol : symbols)
    if (!is_symbol(symbol)) return invalid("symbols: must be pairs such as BTC/USDT");
  std::ranges::sort(symbols);
  symbols.erase(std::ranges::unique(symbols).begin(), symbols.end());
  return {};
}

result<void> check_followers(int count) {
  if (count < 1 || count > room_service::followers_limit) return invalid("max_followers: must be from 1 to 10000");
  return {};
}

result<void> check_bound(std::string_view name, const decimal& bound) {
  if (bound.is_negative()) return invalid(std::string(name) + ": must not be negative; 0 = no bound");
  return {};
}

/// The first of several that failed.
template <class... Results>
result<void> all_of(Results... results) {
  result<void> outcome;
  ((outcome = outcome ? results : outcome), ...);
  return outcome;
}

std::string hash_of(const std::string& code) {
  return to_hex(crypto::sha256(code));
}

result<std::string> choose_symbol(const room& into, const std::string& wanted) {
  if (wanted.empty() && into.symbols.size() == 1) return into.symbols.front();
  if (wanted.empty()) return invalid("symbol: is required, the room has more than one market");
  if (!is_symbol(wanted)) return invalid("symbol: must be a pair such as BTC/USDT");
  if (!into.covers(wanted)) return invalid("symbol: the lead does not trade " + wanted + " in this room");
  return wanted;
}

/// The follower's parameters with the room's market and source, checked as the strategy checks them.
result<std::string> make_parameters(const room& into, const std::string& symbol, const std::string& given) {
  auto parsed = parse_json(given);
  if (!parsed || !parsed->is_object()) return invalid("parameters: must be a JSON object");
  for (const auto* name : {"symbol", "source"})
    if (parsed->contains(name)) return invalid("parameters." + std::string(name) + ": is set by the room");
  (*parsed)["symbol"] = symbol;
  (*parsed)["source"] = to_signal_source(into.id);
  auto text = parsed->dump();
  auto read = parse_signal_following_parameters(text);
  if (!read) {
    const auto& detail = read.error().detail;
    const auto end = detail.find_first_of(" :");
    const bool names_field = end != std::string::npos && parsed->contains(detail.substr(0, end));
    return invalid(names_field ? "parameters." + detail.substr(0, end) + ":" + detail.substr(end)
                               : "parameters: " + detail);
  }
  if (read->sizing != signal_sizing::fixed && into.max_ratio.is_positive() && read->ratio > into.max_ratio)
    return invalid("parameters.ratio: this room allows at most " + into.max_ratio.to_string());
  if (read->sizing == signal_sizing::fixed && into.max_order_notional.is_positive() &&
      read->order_notional > into.max_order_notional)
    return invalid("parameters.order_notional: this room allows at most " + into.max_order_notional.to_string());
  return text;
}

}  // namespace

room_service::room_service(copy_store& store, random_source& random, const clock& time, room_limits limits)
    : store_(store), random_(random), clock_(time), limits_(limits) {}

task<result<room>> room_service::create(new_room fresh) {
  auto fit =
      all_of(check_name(fresh.name), check_symbols(fresh.symbols), check_followers(fresh.max_followers),
             check_bound("max_ratio", fresh.max_ratio), check_bound("max_order_notional", fresh.max_order_notional));
  if (!fit) co_return std::unexpected(fit.error());
  auto made = co_await store_.create_room(std::move(fresh), limits_.rooms_per_lead);
  co_return made;
}

task<result<room>> room_service::update(user_id lead, room_id id, room_patch patch) {
  auto fit = all_of(patch.name ? check_name(*patch.name) : result<void>(),
                    patch.max_followers ? check_followers(*patch.max_followers) : result<void>(),
                    check_bound("max_ratio", patch.max_ratio.value_or(decimal())),
                    check_bound("max_order_notional", patch.max_order_notional.value_or(decimal())));
  if (!fit) co_return std::unexpected(fit.error());
  auto changed = co_await store_.update_room(lead, id, std::move(patch));
  co_return changed;
}

task<result<room>> room_service::close(user_id lead, room_id id, std::string why) {
  if (why.size() > reason_limit || !is_clean(why))
    co_return invalid("reason: must have at most 200 bytes and no control characters");
  std::string reason = "The lead closed the room" + (why.empty() ? std::string() : ": " + why);
  auto closed = co_await store_.close_room(lead, id, std::move(reason));
  co_return closed;
}

task<result<made_invitation>> room_service::invite(user_id lead, room_id id, invitation_request wanted) {
  if (wanted.life < seconds(1) || wanted.life > longest_invitation)
    co_return invalid("expires_in_s: must be from 1 to 7776000");
  if (wanted.uses < 1 || wanted.uses > uses_limit) co_return invalid("uses: must be from 1 to 10000");
  if (wanted.username.size() > longest_username || !is_clean(wanted.username))
    co_return invalid("username: is no user's name");
  const auto life = wanted.while_connected ? connected_life : wanted.life;
  std::string code;
  if (wanted.username.empty()) code = std::string(code_prefix) + random_.hex(code_bytes);
  new_invitation fresh{.room = id,
                       .code_hash = code.empty() ? std::string() : hash_of(code),
                       .username = wanted.username,
                       .uses_limit = wanted.uses,
                       .while_connected = wanted.while_connected,
                       .expires_at = clock_.wall_now() + life};
  auto made = co_await store_.invite(lead, std::move(fresh), limits_.open_invitations_per_room);
  if (!made) co_return std::unexpected(made.error());
  co_return made_invitation{std::move(*made), std::move(code)};
}

task<result<member>> room_service::join(user_id user, join_form wanted) {
  if (wanted.code.empty() == !wanted.room.valid()) co_return invalid("code: send either code or room_id");
  if (wanted.code.size() > longest_code) co_return invalid("code: is no code of an invitation");
  if (wanted.name.size() > name_limit || !is_clean(wanted.name))
    co_return invalid("name: must have at most 100 bytes and no control characters");
  entrance by{wanted.code.empty() ? std::string() : hash_of(wanted.code), wanted.room};
  entrance again = by;
  auto into = co_await store_.look_in(user, std::move(by));
  if (!into) co_return std::unexpected(into.error());
  auto symbol = choose_symbol(*into, wanted.symbol);
  if (!symbol) co_return std::unexpected(symbol.error());
  auto parameters = make_parameters(*into, *symbol, wanted.parameters);
  if (!parameters) co_return std::unexpected(parameters.error());
  join_request request{.user = user,
                       .by = std::move(again),
                       .bot = {.user = user,
                               .account = wanted.account,
                               .name = wanted.name.empty() ? into->name : std::move(wanted.name),
                               .strategy = std::string(strategy_name),
                               .parameters = std::move(*parameters),
                               .symbol = std::move(*symbol),
                               .desired = desired_state::running,
                               .resume = wanted.resume}};
  auto joined = co_await store_.join(std::move(request), limits_.bots_per_user);
  co_return joined;
}

}  // namespace drover::engine
