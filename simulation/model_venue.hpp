#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "exchanges/types.hpp"
#include "simulation/fault_plan.hpp"
#include "simulation/venue_kind.hpp"
#include "simulation/world.hpp"

namespace drover::simulation {

/// Orders that people place by hand, at the venue's own page.
inline constexpr std::string_view foreign_prefix = "web-";
inline bool is_foreign(std::string_view client_order_id) {
  return client_order_id.starts_with(foreign_prefix);
}

/// An order as the venue's own books have it: the truth that everything is checked against.
struct venue_order {
  std::int64_t id = 0;
  int account = 0;
  exchanges::order_request request;
  exchanges::order_status status = exchanges::order_status::open;
  decimal filled, notional;
  steady_time placed_at, changed_at;
  /// Queries know it from here on.
  steady_time visible_at;
};

struct venue_fill {
  exchanges::fill fill;
  int account = 0;
  std::int64_t order = 0;
  steady_time visible_at;
  /// Its order had been told to be over.
  bool late = false;
};

/// What a private stream tells: an order as it is now, with the execution that changed it, if any.
using stream_listener = std::function<void(const exchanges::order&, const exchanges::fill*)>;
using ticker_listener = std::function<void(const exchanges::book_ticker&)>;

/// An exchange with one market and its matching, as its kind of venue behaves. Nothing here is lost or late on the way:
/// that is venue_link. It survives every engine.
class model_venue {
public:
  model_venue(world&, const venue_kind&, std::string name, const fault_plan&);

  const std::string& name() const { return name_; }
  const venue_kind& kind() const { return kind_; }
  const std::shared_ptr<const exchanges::instrument>& instrument() const { return instrument_; }

  // Requests, at the moment in which they take effect.
  result<exchanges::order> place(int account, const exchanges::order_request&);
  result<exchanges::order> cancel(int account, const exchanges::order_ref&);
  result<exchanges::order> find(int account, const exchanges::order_ref&);
  std::vector<exchanges::order> open_orders(int account);
  std::vector<exchanges::fill> fills(int account, const exchanges::fill_cursor& after);
  std::vector<exchanges::balance> balances(int account);

  /// The market moves by chance; what it crosses is filled, wholly or in part.
  void move_market();
  exchanges::book_ticker ticker() const;
  /// A minute of it: glitches of its lists and queries begin and end, maintenance too.
  void pass_minute();
  bool in_maintenance() const { return world_.now() < maintenance_until_; }
  /// Overloaded: most answers never come, the streams are mute and queries do not know the latest. Its lists are right.
  bool is_unwell() const { return world_.now() < unwell_until_; }
  /// Faults end.
  void calm_down();

  /// Until the listener is gone.
  void subscribe(int account, std::weak_ptr<stream_listener> heard) { streams_[account].push_back(std::move(heard)); }
  void subscribe(std::weak_ptr<ticker_listener> heard) { tickers_.push_back(std::move(heard)); }
  /// Called for every order that comes to exist.
  void set_order_listener(std::function<void(const venue_order&)> placed) { on_placed_ = std::move(placed); }
  const std::map<std::int64_t, venue_order>& orders() const { return orders_; }
  /// Of one account, oldest first.
  const std::vector<venue_fill>& all_fills(int account) { return books_[account].fills; }

private:
  venue_order* look_up(int account, const exchanges::order_ref&, bool also_hidden);
  exchanges::order show(const venue_order&) const;
  result<exchanges::order> check(int account, const exchanges::order_request&);
  void execute(venue_order&, decimal quantity, decimal price, bool maker);
  void take(venue_order&);
  decimal draw_part(decimal whole);
  void fill_late(venue_order&);
  void end(venue_order&, exchanges::order_status);
  void tell(const venue_order&, const exchanges::fill*);
  decimal bid() const;
  decimal ask() const;
  std::string next_trade_id();

  world& world_;
  const venue_kind& kind_;
  std::string name_;
  const fault_plan& faults_;
  std::shared_ptr<const exchanges::instrument> instrument_;
  std::int64_t mid_ticks_ = 3'000'000, updates_ = 0, last_order_ = 0, last_trade_ = 0;
  std::map<std::int64_t, venue_order> orders_;
  /// Orders that are not ended.
  std::map<std::int64_t, venue_order*> resting_;
  std::map<std::pair<int, std::string>, std::vector<std::int64_t>> by_client_id_;
  struct account_books {
    std::vector<venue_fill> fills;
    decimal base, quote;
  };
  std::map<int, account_books> books_;
  /// Never both at a time: while one endpoint is behind, the other is right (REL-04's two pieces of evidence).
  steady_time list_omits_until_, query_lags_until_;
  steady_time maintenance_until_, unwell_until_;
  std::map<int, std::vector<std::weak_ptr<stream_listener>>> streams_;
  std::vector<std::weak_ptr<ticker_listener>> tickers_;
  std::function<void(const venue_order&)> on_placed_;
};

}  // namespace drover::simulation
