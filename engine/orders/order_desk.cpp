#include "engine/orders/order_desk.hpp"

#include <algorithm>

#include "base/failpoint.hpp"
#include "base/planted.hpp"
#include "engine/orders/order_desk_state.hpp"

namespace drover::engine {
namespace {

/// Stream events that may wait for the journal; past it they are dropped and the venue's lists are read instead.
constexpr std::size_t inbox_limit = 256;
/// With the private stream down, lists are all we have.
constexpr nanoseconds blind_sweep_delay = 2s;

exchanges::order_request request_of(const order_intent& intent) {
  return {.symbol = intent.symbol,
          .side = intent.side,
          .type = intent.type,
          .tif = intent.tif,
          .quantity = intent.quantity,
          .price = intent.price,
          .client_order_id = intent.client_order_id()};
}

live_order view_of(const desk_order& o) {
  return {.id = o.intent.id,
          .tag = o.intent.tag,
          .side = o.intent.side,
          .price = o.intent.price,
          .quantity = o.intent.quantity,
          .filled_quantity = o.filled,
          .state = o.state,
          .cancel_requested = o.cancel_requested,
          .bot = o.intent.bot};
}

}  // namespace

logger& desk_log() {
  static logger instance("orders");
  return instance;
}

bool is_credentials_error(const error& e) {
  using enum exchanges::exchange_errc;
  return is(e, bad_credentials) || is(e, permission_missing) || is(e, ip_not_allowed);
}

request_mark::request_mark(order_desk::state& desk) : desk_(&desk) { ++desk.requests; }
request_mark::~request_mark() {
  if (!desk_) return;
  --desk_->requests;
  desk_->wake_settler();
}

order_desk::state::state(order_owner o, std::shared_ptr<const exchanges::instrument> i, order_desk_parts p,
                         std::shared_ptr<const order_desk_config> c, order_listener& l)
    : owner(std::move(o)), instrument(std::move(i)), parts(p), config(std::move(c)), listener(l), sweep_interval(config->sweep_interval) {
  if (parts.book == nullptr)
    own_risk = std::make_unique<risk_check>(config->limits);
  else
    seat = parts.book->take_seat(owner.account, instrument->quote_asset);
}

order_desk::state::~state() {
  if (sweep_timer) parts.timers.cancel(*sweep_timer);
}

exchanges::order_ref order_desk::state::reference_to(const desk_order& o) const {
  return {symbol(), o.intent.client_order_id(), o.venue_order_id};
}

order_ptr order_desk::state::find_live(const uuid& id) const {
  for (const auto& o : live)
    if (o->intent.id == id) return o;
  return nullptr;
}

order_ptr order_desk::state::find_live(const std::string& client_order_id, const std::string& venue_order_id) const {
  for (const auto& o : live) {
    if (!client_order_id.empty() && o->intent.client_order_id() == client_order_id) return o;
    if (!venue_order_id.empty() && o->venue_order_id == venue_order_id) return o;
    if (planted("adopt_foreign") && !uuid::parse(client_order_id)) return o;
  }
  return nullptr;
}

bool order_desk::state::any_unresolved() const {
  return std::ranges::any_of(live, [](const auto& o) { return is_unresolved(o->state); });
}

nanoseconds order_desk::state::longest_validity() const {
  if (planted("forget_processing_bound")) return config->send_limit + config->validity_window;
  return config->send_limit + config->validity_window + config->skew_bound + config->venue_processing_bound + config->visibility_delay;
}

std::string order_desk::state::why_locked() const {
  if (planted("ignore_lock")) return {};
  if (!blocked_because.empty()) return blocked_because;
  const auto* halt = parts.gate != nullptr ? parts.gate->find(owner) : nullptr;
  return halt != nullptr ? halt->reason : std::string();
}

std::string order_desk::state::why_blocked(bool closing) const {
  if (failed) return "the desk has failed";
  if (!ready) return "the account is not reconciled yet";
  if (!closing)
    if (auto locked = why_locked(); !locked.empty()) return locked;
  const bool careless = planted("place_while_unknown");
  if (!careless && std::ranges::any_of(live, [](const auto& o) { return o->state == intent_state::unknown; }))
    return "the outcome of an earlier order is not known yet";
  return {};
}

risk_state order_desk::state::measure(bool closing) const {
  risk_state s{.position_quantity = position.quantity, .mid_price = mid_price, .entries_blocked_because = why_blocked(closing)};
  s.entries_allowed = s.entries_blocked_because.empty();
  for (const auto& o : live) {
    // What an ended order has filled and is not booked yet is as good as gone.
    const auto done = o->ended() ? std::max(o->reported, o->filled) : o->intent.quantity;
    if (!o->ended()) ++s.open_orders;
    const bool buys = o->intent.side == exchanges::side::buy;
    (buys ? s.resting_buy_quantity : s.resting_sell_quantity) += done - o->filled;
  }
  return s;
}

result<void> order_desk::state::judge_entry(const exchanges::order_request& order) {
  if (seat == nullptr) return own_risk->check(order, *instrument, measure(false), now());
  tell_book();
  return seat->admit(order, *instrument, measure(false), now());
}

/// Without a price, what is held counts as what it cost.
void order_desk::state::tell_book() {
  if (seat == nullptr) return;
  const auto open = std::ranges::count_if(live, [](const auto& o) { return !o->ended(); });
  const auto held = mid_price.is_positive() ? position.quantity.abs() * mid_price : position.cost.abs();
  seat->update(static_cast<int>(open), held);
}

result<uuid> order_desk::state::place(exchanges::side side, exchanges::order_type type, decimal price, decimal quantity,
                                      std::string tag, exchanges::time_in_force tif, bool closing) {
  auto order = std::make_shared<desk_order>();
  order->closing = closing;
  auto& intent = order->intent;
  intent.side = side;
  intent.type = type;
  intent.tif = tif;
  intent.price = price;
  intent.quantity = quantity;
  intent.symbol = symbol();
  auto allowed = closing ? check_closing(request_of(intent), *instrument, measure(closing)) : judge_entry(request_of(intent));
  if (!allowed) return std::unexpected(allowed.error());

  intent.id = make_uuid_v7(parts.wall, parts.random);
  if (planted("reuse_id") && !live.empty()) intent.id = live.back()->intent.id;
  intent.account = owner.account;
  intent.user = owner.user;
  intent.bot = owner.bot;
  intent.exchange_name = owner.exchange;
  intent.tag = std::move(tag);
  intent.created_at = parts.wall.wall_now();
  intent.dead_after = intent.created_at + longest_validity();
  if (complete_to == exchanges::fill_cursor()) complete_to.at = intent.created_at;
  order->send_before = now() + config->send_limit;
  order->provable_at = now() + longest_validity();
  live.push_back(order);
  tell_book();
  scope->spawn("order", run_order(order, request_mark(*this)));
  schedule_next_sweep();
  return intent.id;
}

void order_desk::state::cancel(const uuid& id, exchanges::lane lane) {
  auto order = find_live(id);
  if (!order || order->ended()) return;
  order->cancel_requested = true;
  order->cancel_lane = std::min(order->cancel_lane, lane);
  // An order that nobody knows yet is cancelled as soon as the venue shows it, one that was not sent is not sent.
  if (!is_unresolved(order->state)) start_cancel(order);
}

void order_desk::state::handle(const exchanges::account_event& event) {
  if (const auto* seen = std::get_if<exchanges::order_event>(&event)) return handle(*seen);
  if (const auto* execution = std::get_if<exchanges::fill_event>(&event)) return handle(*execution);
  if (std::holds_alternative<exchanges::stream_opened>(event)) {
    stream_up = true;
    // What happened while the stream was down can only have happened to orders that live.
    if (scope && !live.empty()) request_sweep(nanoseconds::zero(), true);
    return;
  }
  if (std::holds_alternative<exchanges::stream_lost>(event)) {
    stream_up = false;
    if (scope && !live.empty()) request_sweep(blind_sweep_delay, true);
  }
}

void order_desk::state::handle(const exchanges::order_event& event) {
  // Before the first reconciliation the venue's lists will tell all of it.
  if (!scope || failed || event.order.symbol != symbol()) return;
  failpoint("orders.before_event");
  auto order = find_live(event.order.client_order_id, event.order.venue_order_id);
  if (order) note(order, event.order);
  push_event(sighting{std::move(order), event.order, event.fill});
}

void order_desk::state::handle(const exchanges::fill_event& event) {
  if (!scope || failed || event.fill.symbol != symbol()) return;
  auto order = find_live(event.fill.client_order_id, event.fill.venue_order_id);
  push_event(sighting{std::move(order), std::nullopt, event.fill});
}

void order_desk::state::push_event(sighting seen) {
  if (inbox.size() >= inbox_limit) {
    desk_log().warn("order events come faster than the journal writes; reading the exchange's lists instead",
                    {{"user", owner.user}, {"account", owner.account}});
    return request_sweep(blind_sweep_delay, true);
  }
  push(std::move(seen));
}

void order_desk::state::fail_desk(error why) {
  if (failed) return;
  failed = true;
  inbox.clear();
  desk_log().error("the desk stops", {{"user", owner.user}, {"account", owner.account}, {"err", why}});
  listener.on_desk_failed(why);
}

void order_desk::state::tell(const desk_order& o, const std::string& reason) {
  listener.on_order_changed(view_of(o), reason);
}

void order_desk::state::wake_settler() {
  if (settler) settler->notify();
}

task<void> order_desk::state::settle(nanoseconds limit) {
  if (!scope || planted("settle_at_once")) co_return;
  const auto deadline = now() + limit;
  wake_event changed(scope->get_executor());
  settler = &changed;
  bool in_time = true;
  while (in_time && (requests > 0 || writing || !inbox.empty())) {
    try {
      in_time = co_await changed.wait_until(parts.timers, deadline);
    } catch (...) {
      settler = nullptr;
      throw;
    }
  }
  settler = nullptr;
}

task<void> order_desk::state::stop() {
  ready = false;
  if (sweep_timer) parts.timers.cancel(*sweep_timer);
  sweep_timer.reset();
  if (!scope) co_return;
  scope->stop();
  co_await scope->join();
}

order_desk::order_desk(order_owner owner, std::shared_ptr<const exchanges::instrument> instrument, order_desk_parts parts,
                       std::shared_ptr<const order_desk_config> config, order_listener& listener)
    : state_(std::make_unique<state>(std::move(owner), std::move(instrument), parts, std::move(config), listener)) {}
order_desk::~order_desk() = default;

task<result<void>> order_desk::reconcile(std::int64_t lease_epoch, bool fresh) {
  return state_->reconcile(lease_epoch, fresh);
}
result<uuid> order_desk::place(exchanges::side side, exchanges::order_type type, decimal price, decimal quantity,
                               std::string tag, exchanges::time_in_force tif) {
  return state_->place(side, type, price, quantity, std::move(tag), tif, false);
}
result<uuid> order_desk::place_closing(exchanges::side side, decimal worst, decimal quantity, std::string tag) {
  return state_->place(side, exchanges::order_type::market, worst, quantity, std::move(tag), exchanges::time_in_force::gtc, true);
}
void order_desk::cancel(const uuid& id, exchanges::lane lane) { state_->cancel(id, lane); }
void order_desk::handle(const exchanges::account_event& event) { state_->handle(event); }
void order_desk::block_entries(std::string reason) {
  state_->blocked_because = reason.empty() ? std::string("new orders are blocked") : std::move(reason);
}
void order_desk::allow_entries() { state_->blocked_because.clear(); }
void order_desk::set_mid_price(decimal price) {
  state_->mid_price = price;
  state_->tell_book();
}

std::vector<live_order> order_desk::live_orders() const {
  std::vector<live_order> orders;
  orders.reserve(state_->live.size());
  for (const auto& o : state_->live)
    if (is_open(o->state)) orders.push_back(view_of(*o));
  return orders;
}
tenants::position order_desk::position() const { return state_->position; }
int order_desk::foreign_orders() const { return state_->foreign; }
const order_desk::foreign_list& order_desk::list_foreign_orders() const { return state_->foreign_seen; }
task<void> order_desk::settle(nanoseconds limit) { return state_->settle(limit); }
task<void> order_desk::stop() { return state_->stop(); }

}  // namespace drover::engine
