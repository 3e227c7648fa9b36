#include "simulation/copy_watch.hpp"

#include <fmt/core.h>

namespace drover::simulation {
namespace {

using namespace engine;

/// From a bot's decision to the commit of its intent: the way of a slow statement, and what running takes.
constexpr nanoseconds commit_lag = 5s;
constexpr std::string_view tag_prefix = "signal:";

}  // namespace

void copy_watch::joined(const member& m, follower_guards guards) {
  judge_.note(fmt::format("member {} account={} bot={} room={}", m.id.value, m.account.value, m.bot.value, m.room.value));
  members_.try_emplace(m.id, membership{.member = m, .guards = guards, .over_at = {}});
  of_bot_[m.bot] = m.id;
}

void copy_watch::ended(const member& m, steady_time over_at) {
  judge_.note(fmt::format("member {} is out: {}", m.id.value, m.reason));
  auto& known = members_.at(m.id);
  known.member = m;
  known.over = true;
  known.over_at = over_at;
}

const copy_watch::membership* copy_watch::find(bot_id bot) const {
  const auto at = of_bot_.find(bot);
  return at == of_bot_.end() ? nullptr : &members_.at(at->second);
}

void copy_watch::signal_booked(const room_signal& s) {
  auto [at, fresh] = signals_.try_emplace(s.key, signal_facts{s, {}, {}, {}});
  if (!fresh) return judge_.fail(to_signal_id(s.key) + " became a signal twice");
  for (const auto& [id, m] : members_)
    if (!m.over && m.member.room == s.key.room && m.member.symbol == s.symbol) at->second.who.push_back(id);
  judge_.note(fmt::format("signal {} {} {}@{} members={}", to_signal_id(s.key), exchanges::to_string(s.side),
                          s.quantity.to_string(), s.price.to_string(), at->second.who.size()));
}

void copy_watch::order_committed(int engine, const order_intent& intent) {
  if (!intent.tag.starts_with(tag_prefix)) return;
  const auto id = intent.client_order_id();
  const auto key = parse_signal_id(std::string_view(intent.tag).substr(tag_prefix.size()));
  const auto at = key ? signals_.find(*key) : signals_.end();
  if (at == signals_.end()) return judge_.fail(fmt::format("{} follows '{}', which is no signal", id, intent.tag));
  const auto [first, alone] = at->second.orders.try_emplace(intent.account, intent);
  if (!alone)
    return judge_.fail(fmt::format("{} of account {} follows {} a second time, after {}", id, intent.account.value,
                                   intent.tag, first->second.client_order_id()));
  const auto* m = find(intent.bot);
  if (!m || m->member.room != key->room)
    return judge_.fail(fmt::format("{} follows {}, whose room its bot {} is not in", id, intent.tag, intent.bot.value));
  if (m->over && world_.now() > m->over_at)
    judge_.fail(fmt::format("{} follows {} after the end of membership {} was answered", id, intent.tag,
                            m->member.id.value));
  check_guards(engine, intent, at->second.signal, *m);
}

void copy_watch::check_guards(int engine, const order_intent& intent, const room_signal& signal, const membership& m) {
  const auto age = world_.wall_now() - signal.at;
  if (age > m.guards.max_age + commit_lag && !wrong_clocks_.contains(engine))
    judge_.fail(fmt::format("{} follows {} when it is {} s old, the staleness guard is {} s", intent.client_order_id(),
                            intent.tag, std::chrono::duration_cast<seconds>(age).count(), m.guards.max_age.count()));
  const bool buys = intent.side == exchanges::side::buy;
  const auto away = signal.price * m.guards.max_slippage;
  const auto bound = buys ? signal.price + away : signal.price - away;
  if (buys ? intent.price > bound : intent.price < bound)
    judge_.fail(fmt::format("{} {}s at {} after {}, the slippage guard ends at {}", intent.client_order_id(),
                            exchanges::to_string(intent.side), intent.price.to_string(), intent.tag, bound.to_string()));
}

void copy_watch::receipts_committed(const std::vector<receipt>& receipts) {
  for (const auto& r : receipts) {
    const auto at = signals_.find(r.key);
    // Of a room that closed as the fill was booked: the store leaves it out.
    if (at == signals_.end()) continue;
    // A second one changes nothing.
    if (!at->second.receipts.try_emplace(r.account, r).second) continue;
    ++receipt_count_;
    judge_.note(fmt::format("receipt {} account={} {} {}", to_signal_id(r.key), r.account.value, to_string(r.outcome), r.reason));
  }
}

std::string copy_watch::check_receipt(const signal_facts& s, const receipt& r) const {
  const auto name = fmt::format("the receipt of {} for account {}", to_signal_id(r.key), r.account.value);
  const auto m = members_.find(r.member);
  if (m == members_.end() || m->second.member.account != r.account || m->second.member.room != r.key.room)
    return name + " is of no membership there";
  const auto order = s.orders.find(r.account);
  if ((r.outcome == signal_outcome::taken) != (r.order != uuid()))
    return fmt::format("{} says {} and order '{}'", name, to_string(r.outcome), r.order.to_hex());
  if (r.outcome == signal_outcome::taken && (order == s.orders.end() || order->second.id != r.order))
    return fmt::format("{} names the order {}, which is not in the journal", name, r.order.to_hex());
  if (r.outcome == signal_outcome::taken && order->second.quantity != r.quantity)
    return fmt::format("{} says {}, its order {}", name, r.quantity.to_string(), order->second.quantity.to_string());
  if (r.outcome != signal_outcome::taken && order != s.orders.end())
    return fmt::format("{} says {} ({}), but {} follows it", name, to_string(r.outcome), r.reason,
                       order->second.client_order_id());
  return {};
}

std::string copy_watch::find_unanswered(const signal_facts& s) const {
  for (const auto id : s.who) {
    const auto account = members_.at(id).member.account;
    if (!s.receipts.contains(account))
      return fmt::format("signal {} has no receipt of account {}", to_signal_id(s.signal.key), account.value);
  }
  for (const auto& [account, r] : s.receipts)
    if (auto wrong = check_receipt(s, r); !wrong.empty()) return wrong;
  for (const auto& [account, intent] : s.orders)
    if (!s.receipts.contains(account))
      return fmt::format("{} follows {} without a receipt", intent.client_order_id(), intent.tag);
  return {};
}

std::string copy_watch::find_unanswered() const {
  for (const auto& [key, s] : signals_)
    if (auto wrong = find_unanswered(s); !wrong.empty()) return wrong;
  return {};
}

}  // namespace drover::simulation
