#include "simulation/model_venue.hpp"

#include <algorithm>
#include <utility>

namespace drover::simulation {
namespace {

using exchanges::exchange_errc;
using exchanges::order_status;
using exchanges::order_type;
using exchanges::side;
using exchanges::time_in_force;

constexpr std::int64_t spread_ticks = 10;
const decimal fee_rate = decimal::literal("0.001");
const decimal start_quote = decimal(10'000'000), start_base = decimal(1'000);
/// Orders that a list leaves out are at least so old, and a query that lags does not know the last so long.
constexpr nanoseconds longest_glitch = 40s, longest_illness = 90s;
/// The list of trades may be so far behind, newer ones before older ones.
constexpr nanoseconds longest_trade_lag = 8s;
constexpr std::uint64_t longest_late_fill_ns = 2'000'000'000;
constexpr std::uint64_t minutes_per_hour = 60;

}  // namespace

model_venue::model_venue(world& w, const venue_kind& kind, std::string name, const fault_plan& faults)
    : world_(w), kind_(kind), name_(std::move(name)), faults_(faults) {
  auto i = std::make_shared<exchanges::instrument>();
  i->symbol = "BTC/USDT";
  i->venue_symbol = "BTCUSDT";
  i->base_asset = "BTC";
  i->quote_asset = "USDT";
  i->tick_size = decimal::literal("0.01");
  i->lot_size = i->min_quantity = decimal::literal("0.001");
  i->max_quantity = decimal(1'000);
  i->min_notional = decimal(5);
  instrument_ = std::move(i);
}

decimal model_venue::bid() const {
  return decimal(mid_ticks_ - spread_ticks) * instrument_->tick_size;
}
decimal model_venue::ask() const {
  return decimal(mid_ticks_ + spread_ticks) * instrument_->tick_size;
}

std::string model_venue::next_trade_id() {
  ++last_trade_;
  return kind_.counting_trade_ids ? std::to_string(1'000'000 + last_trade_) : "T" + world_.random().hex(8);
}

exchanges::order model_venue::show(const venue_order& o) const {
  return {.symbol = instrument_->symbol,
          .venue_order_id = std::to_string(o.id),
          .client_order_id = o.request.client_order_id,
          .side = o.request.side,
          .type = o.request.type,
          .status = o.status,
          .price = o.request.price,
          .quantity = o.request.quantity,
          .filled_quantity = o.filled,
          .filled_notional = o.notional,
          .updated_at = world_.wall_now(),
          .complete = true};
}

result<exchanges::order> model_venue::check(int account, const exchanges::order_request& r) {
  if (!r.quantity.is_multiple_of(instrument_->lot_size) || r.quantity < instrument_->min_quantity)
    return fail(exchange_errc::bad_precision, "quantity");
  if (faults_.strikes(fault::order_rejected, world_.random()))
    return fail(exchange_errc::insufficient_funds, "not enough");
  const auto same = by_client_id_.find({account, r.client_order_id});
  if (same != by_client_id_.end() && kind_.uniqueness != id_uniqueness::never) {
    const bool open = std::ranges::any_of(same->second, [this](auto id) { return resting_.contains(id); });
    if (open || kind_.uniqueness == id_uniqueness::for_ever)
      return fail(exchange_errc::duplicate_order, "client order id");
  }
  const bool crosses = r.side == side::buy ? r.price >= ask() : r.price <= bid();
  if (r.type == order_type::limit_maker && crosses) return fail(exchange_errc::would_match, "would match");
  return exchanges::order{};
}

result<exchanges::order> model_venue::place(int account, const exchanges::order_request& r) {
  if (auto fits = check(account, r); !fits) return fits;
  venue_order fresh{.id = ++last_order_, .account = account, .request = r, .placed_at = world_.now()};
  const auto hidden = nanoseconds(kind_.visibility_delay).count();
  fresh.visible_at =
      world_.now() + nanoseconds(static_cast<std::int64_t>(world_.random().below(static_cast<std::uint64_t>(hidden))));
  auto& order = orders_.emplace(fresh.id, std::move(fresh)).first->second;
  by_client_id_[{account, r.client_order_id}].push_back(order.id);
  resting_.emplace(order.id, &order);
  if (on_placed_) on_placed_(order);
  tell(order, nullptr);
  take(order);
  auto answer = show(order);
  if (kind_.answers_ids_only) {
    answer.status = order_status::open;
    answer.filled_quantity = answer.filled_notional = decimal();
    answer.complete = false;
  }
  return answer;
}

/// A part of what can be traded, in lots: all of it half of the time.
decimal model_venue::draw_part(decimal whole) {
  if (world_.random().below(2) == 0) return whole;
  const auto share = decimal(static_cast<std::int64_t>(1 + world_.random().below(99)));
  const auto part =
      decimal::divide(whole * share, decimal(100)).round_to_multiple(instrument_->lot_size, rounding::down);
  return part.is_positive() ? part : whole;
}

/// What an arriving order finds in the book.
void model_venue::take(venue_order& o) {
  const bool buys = o.request.side == side::buy;
  const bool market = o.request.type == order_type::market;
  const bool crosses = market || (buys ? o.request.price >= ask() : o.request.price <= bid());
  if (crosses && o.request.type != order_type::limit_maker) {
    const bool whole = o.request.tif == time_in_force::fok;
    const auto first = whole ? o.request.quantity : draw_part(o.request.quantity);
    execute(o, first, buys ? ask() : bid(), false);
    if (o.status != order_status::filled && world_.random().below(2) == 0)
      execute(o, o.request.quantity - o.filled, buys ? ask() : bid(), false);
  }
  const bool rests = !market && o.request.tif == time_in_force::gtc;
  if (!rests && !exchanges::is_terminal(o.status)) end(o, order_status::expired);
}

void model_venue::execute(venue_order& o, decimal quantity, decimal price, bool maker) {
  const bool late = exchanges::is_terminal(o.status);
  o.filled += quantity;
  o.notional += price * quantity;
  o.changed_at = world_.now();
  const bool done = o.filled >= o.request.quantity;
  if (!late) o.status = done ? order_status::filled : order_status::partially_filled;
  if (done) resting_.erase(o.id);
  const bool buys = o.request.side == side::buy;
  exchanges::fill f{.symbol = instrument_->symbol,
                    .trade_id = next_trade_id(),
                    .venue_order_id = std::to_string(o.id),
                    .client_order_id = o.request.client_order_id,
                    .side = o.request.side,
                    .price = price,
                    .quantity = quantity,
                    .fee = (buys ? quantity : price * quantity) * fee_rate,
                    .fee_asset = buys ? instrument_->base_asset : instrument_->quote_asset,
                    .maker = maker,
                    .at = world_.wall_now()};
  const auto hidden = static_cast<std::uint64_t>(longest_trade_lag.count());
  const auto visible = world_.now() + nanoseconds(static_cast<std::int64_t>(world_.random().below(hidden)));
  auto& books = books_[o.account];
  books.base += buys ? quantity - f.fee : -quantity;
  books.quote += buys ? -(price * quantity) : price * quantity - f.fee;
  books.fills.push_back({f, o.account, o.id, visible, late});
  tell(o, &f);
}

/// What had matched already when it was cancelled.
void model_venue::fill_late(venue_order& o) {
  const auto lot = instrument_->lot_size;
  if (o.filled.is_zero() || o.filled + lot >= o.request.quantity) return;
  const auto later = nanoseconds(static_cast<std::int64_t>(world_.random().below(longest_late_fill_ns)));
  world_.call_after(later, [this, &o, lot] { execute(o, lot, o.request.price, true); });
}

void model_venue::end(venue_order& o, order_status status) {
  o.status = status;
  o.changed_at = world_.now();
  resting_.erase(o.id);
  tell(o, nullptr);
}

void model_venue::tell(const venue_order& o, const exchanges::fill* f) {
  auto& streams = streams_[o.account];
  std::erase_if(streams, [](const auto& weak) { return weak.expired(); });
  if (streams.empty()) return;
  const auto seen = show(o);
  for (const auto& weak : streams) (*weak.lock())(seen, f);
}

venue_order* model_venue::look_up(int account, const exchanges::order_ref& of, bool also_hidden) {
  venue_order* found = nullptr;
  if (!of.venue_order_id.empty()) {
    const auto at = orders_.find(std::stoll(of.venue_order_id));
    if (at != orders_.end() && at->second.account == account) found = &at->second;
  } else if (const auto same = by_client_id_.find({account, of.client_order_id}); same != by_client_id_.end()) {
    found = &orders_.at(same->second.back());
  }
  if (!found || (!also_hidden && world_.now() < found->visible_at)) return nullptr;
  return found;
}

result<exchanges::order> model_venue::cancel(int account, const exchanges::order_ref& of) {
  auto* order = look_up(account, of, true);
  if (!order || exchanges::is_terminal(order->status))
    return fail(exchange_errc::order_not_found, "unknown or not open");
  end(*order, order_status::cancelled);
  if (faults_.strikes(fault::fill_after_end, world_.random())) fill_late(*order);
  auto answer = show(*order);
  if (kind_.answers_ids_only) {
    answer.status = order_status::open;
    answer.filled_quantity = answer.filled_notional = decimal();
    answer.complete = false;
  }
  return answer;
}

result<exchanges::order> model_venue::find(int account, const exchanges::order_ref& of) {
  const auto* order = look_up(account, of, false);
  const bool lags = order && world_.now() < query_lags_until_;
  const bool forgotten =
      order && kind_.forgets_cancelled && order->status == order_status::cancelled && order->filled.is_zero();
  if (!order || lags || forgotten) return fail(exchange_errc::order_not_found, "no such order");
  return show(*order);
}

std::vector<exchanges::order> model_venue::open_orders(int account) {
  std::vector<exchanges::order> all;
  for (const auto& [id, order] : resting_) {
    if (order->account != account || world_.now() < order->visible_at) continue;
    if (world_.now() < list_omits_until_ && id % 2 == 0) continue;
    all.push_back(show(*order));
  }
  return all;
}

std::vector<exchanges::fill> model_venue::fills(int account, const exchanges::fill_cursor& after) {
  const auto& all = books_[account].fills;
  auto at = all.begin();
  if (!after.trade_id.empty() && kind_.counting_trade_ids) {
    const auto number = std::stoll(after.trade_id);
    at = std::ranges::partition_point(all, [number](const auto& f) { return std::stoll(f.fill.trade_id) <= number; });
  } else if (after.at) {
    // Where ids do not count, the venue pages by time: what happened at the cursor's time comes again.
    at = std::ranges::partition_point(all, [&after](const auto& f) { return f.fill.at < *after.at; });
  }
  std::vector<exchanges::fill> found;
  for (; at != all.end(); ++at) {
    // While queries lag, this list is the other piece of evidence.
    if (world_.now() < at->visible_at && world_.now() >= query_lags_until_) continue;
    found.push_back(at->fill);
    if (!kind_.trades_name_client_id) found.back().client_order_id.clear();
  }
  return found;
}

std::vector<exchanges::balance> model_venue::balances(int account) {
  const auto& books = books_[account];
  return {{instrument_->base_asset, start_base + books.base, {}},
          {instrument_->quote_asset, start_quote + books.quote, {}}};
}

void model_venue::move_market() {
  auto& random = world_.random();
  mid_ticks_ = std::clamp<std::int64_t>(mid_ticks_ + static_cast<std::int64_t>(random.below(4'001)) - 2'000, 2'000'000,
                                        4'000'000);
  ++updates_;
  std::vector<venue_order*> crossed;
  for (const auto& [id, order] : resting_) {
    const bool buys = order->request.side == side::buy;
    if (buys ? order->request.price >= ask() : order->request.price <= bid()) crossed.push_back(order);
  }
  for (auto* order : crossed)
    execute(*order, draw_part(order->request.quantity - order->filled), order->request.price, true);
  std::erase_if(tickers_, [](const auto& weak) { return weak.expired(); });
  for (const auto& weak : tickers_) (*weak.lock())(ticker());
}

exchanges::book_ticker model_venue::ticker() const {
  return {instrument_->symbol, bid(), decimal(1), ask(), decimal(1), updates_, world_.now()};
}

void model_venue::pass_minute() {
  auto& random = world_.random();
  const auto glitch =
      nanoseconds(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(longest_glitch.count()))));
  const bool quiet = world_.now() - std::max(list_omits_until_, query_lags_until_) > longest_glitch;
  if (quiet && random.below(minutes_per_hour) < 20 && faults_.strikes(fault::list_omits, random))
    list_omits_until_ = world_.now() + glitch;
  else if (quiet && random.below(minutes_per_hour) < 20 && faults_.strikes(fault::query_lags, random))
    query_lags_until_ = world_.now() + glitch;
  else if (quiet && random.below(minutes_per_hour) < 10 && faults_.strikes(fault::venue_unwell, random))
    query_lags_until_ = unwell_until_ =
        world_.now() +
        nanoseconds(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(longest_illness.count()))));
  if (random.below(minutes_per_hour) < 2 && faults_.strikes(fault::maintenance, random))
    maintenance_until_ = world_.now() + seconds(static_cast<std::int64_t>(10 + random.below(300)));
}

void model_venue::calm_down() {
  list_omits_until_ = query_lags_until_ = maintenance_until_ = unwell_until_ = world_.now();
}

}  // namespace drover::simulation
