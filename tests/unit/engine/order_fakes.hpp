#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "base/timer.hpp"
#include "engine/orders/order_journal.hpp"
#include "exchanges/exchange.hpp"

namespace drover::engine::test {

/// What happens to a request that places an order.
enum class fate {
  /// Taken and acknowledged.
  acknowledged,
  /// Taken, the answer is lost.
  answer_lost,
  /// Lost on the way, and nobody can tell.
  request_lost,
  /// Arrives late: taken if its validity window is still open.
  late,
  /// Arrives late and never answers.
  silent,
  /// The venue says no.
  refused,
  /// Never left this side, provably.
  not_sent,
  /// Taken, filled and told on the stream before the answer arrives.
  filled_first,
};

/// The venue's own books: what really exists, whatever anybody was told.
struct venue_book {
  struct entry {
    exchanges::order order;
    wall_time visible_at;
  };
  struct trade {
    exchanges::fill fill;
    wall_time visible_at;
  };
  std::vector<entry> orders;
  std::vector<trade> trades;
  int last_id = 0;

  entry* find(const std::string& client_order_id) {
    for (auto& e : orders)
      if (e.order.client_order_id == client_order_id) return &e;
    return nullptr;
  }
  entry* find_number(const std::string& venue_order_id) {
    const auto at = std::ranges::find(orders, venue_order_id, [](const entry& e) { return e.order.venue_order_id; });
    return at == orders.end() ? nullptr : &*at;
  }
  int count(const std::string& client_order_id) const {
    return static_cast<int>(std::ranges::count_if(
        orders, [&](const auto& e) { return e.order.client_order_id == client_order_id; }));
  }
};

/// A small venue: takes orders, fills them when told, shows its lists late if told, and a private stream.
class fake_venue {
 public:
  explicit fake_venue(timer_queue& timers) : timers_(timers) {}

  venue_book book;
  fate next = fate::acknowledged;
  /// Draws the fate of each request; `next` otherwise.
  std::function<fate()> draw;
  nanoseconds latency = 5ms;
  /// How long after it happened the lists show something.
  nanoseconds visible_after = 0ms;
  nanoseconds late_by = 3s;
  /// From when the list of trades is made until it is here.
  nanoseconds trades_take = 0ns;
  /// What a request to place an order waits for the rate budget before it leaves.
  nanoseconds queue_time = 0ns;
  /// Of orders that left, and of cancels.
  std::vector<exchanges::lane> lanes, cancel_lanes;
  bool unreachable = false;
  /// Whoever asks for one order hears that there is none; the lists are right.
  bool questions_lag = false;
  bool stream_up = true;
  /// Requests are answered with ids only, as "taken in".
  bool ids_only = false;
  /// Times each stream event is delivered; 0 loses it.
  std::function<int()> copies;
  int requests = 0, cancels = 0, lookups = 0;
  std::function<void(const exchanges::account_event&)> on_event;

  wall_time wall() const { return timers_.get_clock().wall_now(); }
  timer_queue& timers() { return timers_; }

  void arrive(const exchanges::order_request& r, wall_time sent, milliseconds window) {
    if (wall() > sent + window) return;
    exchanges::order o{.symbol = r.symbol,
                       .venue_order_id = std::to_string(1000 + ++book.last_id),
                       .client_order_id = r.client_order_id,
                       .side = r.side,
                       .type = r.type,
                       .status = exchanges::order_status::open,
                       .price = r.price,
                       .quantity = r.quantity,
                       .filled_quantity = {},
                       .filled_notional = {},
                       .updated_at = wall()};
    book.orders.push_back({o, wall() + visible_after});
    emit({o, std::nullopt});
  }

  /// Executes a part of an open order.
  void fill(const std::string& client_order_id, decimal quantity) {
    auto* e = book.find(client_order_id);
    if (!e || exchanges::is_terminal(e->order.status)) return;
    auto& o = e->order;
    quantity = std::min(quantity, o.quantity - o.filled_quantity);
    o.filled_quantity += quantity;
    o.status = o.filled_quantity == o.quantity ? exchanges::order_status::filled : exchanges::order_status::partially_filled;
    exchanges::fill f{.symbol = o.symbol,
                      .trade_id = std::to_string(1 + book.trades.size()),
                      .venue_order_id = o.venue_order_id,
                      .client_order_id = {},
                      .side = o.side,
                      .price = o.price,
                      .quantity = quantity,
                      .fee = {},
                      .fee_asset = "USDT",
                      .maker = true,
                      .at = wall()};
    book.trades.push_back({f, wall() + visible_after});
    f.client_order_id = o.client_order_id;
    emit({o, f});
  }

  /// What had matched before it ended.
  void fill_ended(const std::string& client_order_id, decimal quantity) {
    auto& status = book.find(client_order_id)->order.status;
    const auto ended = std::exchange(status, exchanges::order_status::open);
    fill(client_order_id, quantity);
    status = ended;
  }

  bool end(const std::string& client_order_id, exchanges::order_status how) {
    auto* e = book.find(client_order_id);
    if (!e || exchanges::is_terminal(e->order.status)) return false;
    e->order.status = how;
    emit({e->order, std::nullopt});
    return true;
  }

  void emit(exchanges::order_event event) {
    if (!stream_up) return;
    const int times = copies ? copies() : 1;
    for (int i = 0; i < times; ++i)
      timers_.call_after(latency * (i + 1), [this, event] {
        if (on_event) on_event(event);
      });
  }
  void lose_stream() {
    stream_up = false;
    if (on_event) on_event(exchanges::stream_lost{"test"});
  }
  void open_stream() {
    stream_up = true;
    if (on_event) on_event(exchanges::stream_opened{});
  }

 private:
  timer_queue& timers_;
};

class fake_account final : public exchanges::exchange_account {
 public:
  explicit fake_account(fake_venue& v) : venue_(v) {}

  task<result<exchanges::permissions>> fetch_permissions() override { co_return exchanges::permissions{}; }
  task<result<std::vector<exchanges::balance>>> fetch_balances(exchanges::lane) override {
    co_return std::vector<exchanges::balance>{};
  }

  task<result<exchanges::order>> place_order(exchanges::order_request r, exchanges::send_terms terms) override {
    const auto how = venue_.draw ? venue_.draw() : venue_.next;
    if (how == fate::not_sent) co_return fail(exchanges::exchange_errc::not_sent);
    if (venue_.queue_time > 0ns) co_await sleep_for(venue_.timers(), venue_.queue_time);
    auto withheld = terms.why_not ? terms.why_not() : std::string();
    if (!withheld.empty()) co_return fail(exchanges::exchange_errc::not_sent, std::move(withheld));
    const auto window = terms.validity_window;
    venue_.lanes.push_back(terms.lane);
    ++venue_.requests;
    // What is on the wire arrives whether or not anybody still waits for the answer.
    const auto sent = venue_.wall();
    const bool is_late = how == fate::late || how == fate::silent;
    if (how != fate::request_lost && how != fate::refused) {
      const auto travel = is_late ? venue_.late_by : venue_.latency;
      venue_.timers().call_after(travel, [&v = venue_, r, sent, window, how] {
        v.arrive(r, sent, window);
        if (how == fate::filled_first) v.fill(r.client_order_id, r.quantity);
      });
    }
    if (how == fate::silent) co_await sleep_for(venue_.timers(), 1h);
    co_await sleep_for(venue_.timers(), how == fate::filled_first ? 10 * venue_.latency : 2 * venue_.latency);
    if (how == fate::refused) co_return fail(exchanges::exchange_errc::insufficient_funds, "no money");
    auto* e = venue_.book.find(r.client_order_id);
    if (how == fate::answer_lost || how == fate::request_lost || is_late || !e)
      co_return fail(exchanges::exchange_errc::unknown_outcome, "no answer");
    co_return answer_of(e->order);
  }

  task<result<exchanges::order>> cancel_order(exchanges::order_ref of, exchanges::lane l) override {
    ++venue_.cancels;
    venue_.cancel_lanes.push_back(l);
    if (venue_.unreachable) co_return fail(exchanges::exchange_errc::unknown_outcome);
    co_await sleep_for(venue_.timers(), venue_.latency);
    if (!venue_.end(of.client_order_id, exchanges::order_status::cancelled)) co_return fail(exchanges::exchange_errc::order_not_found);
    co_return answer_of(venue_.book.find(of.client_order_id)->order);
  }

  task<result<exchanges::order>> find_order(exchanges::order_ref of, exchanges::lane) override {
    ++venue_.lookups;
    if (venue_.unreachable) co_return fail(exchanges::exchange_errc::unknown_outcome);
    co_await sleep_for(venue_.timers(), venue_.latency);
    auto* e = of.client_order_id.empty() ? venue_.book.find_number(of.venue_order_id) : venue_.book.find(of.client_order_id);
    if (venue_.questions_lag || !e || e->visible_at > venue_.wall()) co_return fail(exchanges::exchange_errc::order_not_found);
    co_return e->order;
  }

  task<result<void>> cancel_all_orders(std::string, exchanges::lane) override {
    co_return fail(exchanges::exchange_errc::unsupported);
  }
  task<result<void>> set_dead_man(milliseconds) override { co_return fail(exchanges::exchange_errc::unsupported); }

  task<result<std::vector<exchanges::order>>> fetch_open_orders(std::string, exchanges::lane) override {
    ++venue_.lookups;
    if (venue_.unreachable) co_return fail(exchanges::exchange_errc::unknown_outcome);
    co_await sleep_for(venue_.timers(), venue_.latency);
    std::vector<exchanges::order> open;
    for (const auto& e : venue_.book.orders)
      if (!exchanges::is_terminal(e.order.status) && e.visible_at <= venue_.wall()) open.push_back(e.order);
    co_return open;
  }

  task<result<std::vector<exchanges::fill>>> fetch_fills(std::string, exchanges::fill_cursor after, exchanges::lane) override {
    ++venue_.lookups;
    if (venue_.unreachable) co_return fail(exchanges::exchange_errc::unknown_outcome);
    co_await sleep_for(venue_.timers(), venue_.latency);
    std::vector<exchanges::fill> fills;
    for (const auto& t : venue_.book.trades)
      if (t.visible_at <= venue_.wall() && trade_id_before(after.trade_id, t.fill.trade_id)) fills.push_back(t.fill);
    const auto takes = venue_.trades_take;
    if (takes > 0ns) co_await sleep_for(venue_.timers(), takes);
    co_return fills;
  }

  void subscribe(std::function<void(const exchanges::account_event&)> on_event) override {
    venue_.on_event = std::move(on_event);
  }

 private:
  exchanges::order answer_of(const exchanges::order& o) const {
    if (!venue_.ids_only) return o;
    return {.symbol = o.symbol, .venue_order_id = o.venue_order_id, .client_order_id = o.client_order_id, .complete = false};
  }

  fake_venue& venue_;
};

/// A journal whose database goes away: nothing written, or written without an answer.
class weak_journal final : public order_journal {
 public:
  weak_journal(order_journal& inner, timer_queue& timers) : inner_(inner), timers_(timers) {}

  enum class weakness { none, away, in_doubt };
  std::function<weakness()> draw;
  nanoseconds latency = 1ms;
  bool away = false;
  int fill_writes = 0;
  /// What the journal was told.
  std::map<uuid, wall_time> sent;

  task<result<std::int64_t>> acquire_lease(account_id a, std::string n) override {
    return inner_.acquire_lease(a, std::move(n));
  }
  task<result<std::vector<std::int64_t>>> acquire_leases(std::vector<account_id> a, std::string n) override {
    return inner_.acquire_leases(std::move(a), std::move(n));
  }
  task<result<void>> append_intent(order_intent i, std::int64_t e) override {
    return through(inner_.append_intent(std::move(i), e));
  }
  task<result<void>> record_accepted(uuid i, std::string v, std::int64_t e, std::optional<wall_time> t) override {
    note(i, t);
    return through(inner_.record_accepted(i, std::move(v), e, t));
  }
  task<result<void>> record_outcome(uuid i, intent_state s, std::string r, std::int64_t e, std::optional<wall_time> t) override {
    note(i, t);
    return through(inner_.record_outcome(i, s, std::move(r), e, t));
  }
  task<result<void>> record_status(uuid i, exchanges::order_status s, decimal q, std::string v, std::int64_t e,
                                   std::optional<wall_time> t) override {
    note(i, t);
    return through(inner_.record_status(i, s, q, std::move(v), e, t));
  }
  task<result<booked_fill>> record_fill(user_id u, account_id a, std::optional<uuid> i, exchanges::instrument n,
                                        exchanges::fill f) override {
    ++fill_writes;
    return through(inner_.record_fill(u, a, i, std::move(n), std::move(f)));
  }
  task<result<std::vector<journal_order>>> load_open(account_id a) override { return inner_.load_open(a); }
  task<result<std::optional<journal_order>>> find(uuid i) override { return through(inner_.find(i)); }
  task<result<std::optional<journal_order>>> find_by_venue_order(account_id a, std::string s, std::string v) override {
    return through(inner_.find_by_venue_order(a, std::move(s), std::move(v)));
  }
  task<result<exchanges::fill_cursor>> last_fill(account_id a, std::string s) override {
    return inner_.last_fill(a, std::move(s));
  }
  task<result<void>> mark_fills_complete(account_id a, std::string s, exchanges::fill_cursor t, std::int64_t e) override {
    return through(inner_.mark_fills_complete(a, std::move(s), std::move(t), e));
  }
  task<result<tenants::position>> load_position(account_id a, std::string s) override {
    return inner_.load_position(a, std::move(s));
  }
  task<result<std::string>> load_strategy_state(bot_id b) override { return inner_.load_strategy_state(b); }
  task<result<void>> save_strategy_state(bot_id b, account_id a, std::string s, std::int64_t e) override {
    return inner_.save_strategy_state(b, a, std::move(s), e);
  }
  task<result<void>> check_writable() override { return through(inner_.check_writable()); }
  task<result<std::vector<account_summary>>> load_summaries() override { return inner_.load_summaries(); }
  task<result<statistics>> load_statistics() override { return inner_.load_statistics(); }

 private:
  void note(const uuid& id, std::optional<wall_time> at) {
    if (at) sent.try_emplace(id, *at);
  }
  template <class T>
  task<result<T>> through(task<result<T>> call) {
    const auto how = away ? weakness::away : draw ? draw() : weakness::none;
    co_await sleep_for(timers_, latency);
    if (how == weakness::away) co_return fail(journal_errc::unavailable, "away");
    auto done = co_await std::move(call);
    if (how == weakness::in_doubt) co_return fail(journal_errc::unavailable, "in doubt");
    co_await sleep_for(timers_, latency);
    co_return done;
  }

  order_journal& inner_;
  timer_queue& timers_;
};

}  // namespace drover::engine::test
