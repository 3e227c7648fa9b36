#include "simulation/books_check.hpp"

#include <fmt/core.h>

#include <optional>
#include <set>
#include <vector>

namespace drover::simulation {
namespace {

using namespace engine;

std::vector<venue_fill> our_fills(model_venue& venue, account_id account) {
  auto all = venue.all_fills(static_cast<int>(account.value));
  std::erase_if(all, [](const venue_fill& f) { return is_foreign(f.fill.client_order_id); });
  return all;
}

std::string check_order(const venue_order& seen, const std::optional<journal_order>& known) {
  const auto& id = seen.request.client_order_id;
  if (!known) return id + " is not in the journal";
  const bool over = exchanges::is_terminal(seen.status);
  // It ended without a trace before anybody could see it.
  if (over && seen.filled.is_zero() && known->state == intent_state::not_placed) return {};
  if (over != (known->state == intent_state::closed))
    return fmt::format("{} is {} at the venue and {} in the journal", id, exchanges::to_string(seen.status),
                       to_string(known->state));
  // An order that the venue stopped showing counts as expired: how it ended cannot be told, what it filled can.
  const auto unfilled_end = [](exchanges::order_status status) {
    return status == exchanges::order_status::cancelled || status == exchanges::order_status::expired;
  };
  const bool same_end = known->status == seen.status || (unfilled_end(known->status) && unfilled_end(seen.status));
  if (over && !same_end)
    return fmt::format("{} ended as {}, the journal says {}", id, exchanges::to_string(seen.status),
                       exchanges::to_string(known->status));
  if (known->filled_quantity != seen.filled)
    return fmt::format("{} is filled {} at the venue, {} in the journal", id, seen.filled.to_string(),
                       known->filled_quantity.to_string());
  return {};
}

/// The books carry what was never bought at zero: a bot that is stopped sells all of its position, and what an order that it has just
/// cancelled sells late comes on top of that.
std::string check_position(const std::vector<venue_fill>& fills, decimal booked) {
  decimal bought, sold_late;
  for (const auto& [fill, account, order, visible_at, late] : fills) {
    const bool buys = fill.side == exchanges::side::buy;
    bought += buys ? fill.quantity - fill.fee : -fill.quantity;
    if (late && !buys) sold_late += fill.quantity;
  }
  if (booked >= bought && booked <= bought + sold_late) return {};
  return fmt::format("holds {}, the journal says {}", bought.to_string(), booked.to_string());
}

std::string check_account(setting& s, const model_engine& engine, const model_account& account) {
  auto& venue = *s.venues[account.venue];
  auto& journal = s.database.committed();
  std::set<std::string> open_at_venue;
  for (const auto& [number, order] : venue.orders()) {
    if (order.account != account.id.value || is_foreign(order.request.client_order_id)) continue;
    const bool open = !exchanges::is_terminal(order.status);
    if (open && !s.grid) return order.request.client_order_id + " is open although it was cancelled";
    if (open) open_at_venue.insert(order.request.client_order_id);
    const auto id = uuid::parse(order.request.client_order_id);
    auto known = s.ask(journal.find(*id));
    if (auto wrong = check_order(order, known); !wrong.empty()) return wrong;
  }
  for (const auto& known : s.ask(journal.load_open(account.id)))
    if (!open_at_venue.contains(known.intent.client_order_id()))
      return fmt::format("{} is {} in the journal and not open at the venue", known.intent.client_order_id(),
                         to_string(known.state));
  const auto booked = s.ask(journal.load_position(account.id, venue.instrument()->symbol)).quantity;
  // The grid sells the fee that it paid out of what it bought.
  if (auto wrong = check_position(our_fills(venue, account.id), booked); !wrong.empty() && !s.grid)
    return fmt::format("account {} {}", account.id.value, wrong);
  const auto held = engine.position(account.id);
  if (held && *held != booked)
    return fmt::format("account {}: the desk says {}, the journal {}", account.id.value, held->to_string(),
                       booked.to_string());
  return {};
}

}  // namespace

std::string check_books(setting& s, const model_engine& engine) {
  std::int64_t fills = 0;
  for (const auto& account : s.accounts) {
    if (auto wrong = check_account(s, engine, account); !wrong.empty()) return wrong;
    fills += static_cast<std::int64_t>(our_fills(*s.venues[account.venue], account.id).size());
  }
  const auto stored = s.ask(s.database.committed().load_statistics());
  if (stored.fills != fills) return fmt::format("{} fills at the venues, {} in the journal", fills, stored.fills);
  return {};
}

}  // namespace drover::simulation
