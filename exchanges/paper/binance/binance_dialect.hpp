#pragma once

#include <functional>
#include <span>
#include <unordered_map>

#include "exchanges/paper/binance/limits.hpp"
#include "exchanges/paper/binance/parameters.hpp"
#include "exchanges/paper/binance/streams.hpp"
#include "exchanges/paper/dialect.hpp"
#include "exchanges/paper/listener_list.hpp"

namespace drover::exchanges::paper::binance {

class binance_dialect;

/// One request on its way, over REST or the WebSocket API.
struct call {
  binance_dialect& dialect;
  simulated_venue& venue;
  std::string_view path;
  const parameters& params;
  /// Whose key signed; nullptr for public endpoints.
  const api_account* account = nullptr;
};

/// The body of the answer, JSON.
using answer = outcome<std::string>;
using handler = answer (*)(call&);

enum class access { open, keyed, read, trade };

struct route {
  std::string_view method, path;
  access who = access::open;
  handler handle = nullptr;
  /// Request weight; see weight_of() for those that depend on parameters.
  int weight = 1;
  /// Counts against the account's order limits.
  bool places_order = false;
};

/// Endpoint tables, one file per subject.
std::span<const route> market_routes();
std::span<const route> trading_routes();
std::span<const route> account_routes();
int weight_of(const route&, const parameters&);

/// One client on /ws-api/v3.
class api_session;

class binance_dialect final : public dialect {
 public:
  explicit binance_dialect(simulated_venue&);

  net::http_response handle(const net::http_request&, std::string_view prefix) override;
  net::http_response make_fault_response(const fault&) override;

  /// A request of the WebSocket API or REST after its parameters were read: limits, key, signature, handler.
  struct result_of_call {
    answer body;
    std::optional<seconds> retry_after;
    const api_account* account = nullptr;
    bool placed_order = false;
  };
  result_of_call execute(const route&, const parameters&, std::string_view api_key, std::string_view address);
  const route* find_route(std::string_view method, std::string_view path) const;

  /// The order's cancel carries an id of its own in the events.
  const paper_order* cancel(account_number, order_number, std::string cancel_id);
  /// Checks key, permission, clock and signature.
  outcome<const api_account*> authenticate(access, std::string_view api_key, const parameters&, std::string_view address);

  account_listeners<api_session>& subscribers() { return subscribers_; }
  const request_limits& limits() const { return limits_; }

 private:
  void on_order(const paper_order&, order_change, const execution*) override;
  void on_balances(account_number, instrument_number) override;
  void on_trade(instrument_number, const market_trade&) override;
  void on_top(instrument_number, const top_of_book&) override;
  void on_depth(instrument_number, const depth_diff&) override;
  void on_second() override;
  net::http_response open_websocket(const net::http_request&);
  void add_limit_headers(net::http_response&, const route&, const result_of_call&, std::string_view address) const;

  request_limits limits_;
  market_streams streams_;
  account_listeners<api_session> subscribers_;
  std::unordered_map<std::string_view, std::vector<const route*>> routes_;
  std::string cancel_id_;
};

class api_session final : public net::websocket_handler {
 public:
  static constexpr std::size_t subscription_limit = 1'000;

  api_session(simulated_venue&, binance_dialect&, std::string path);
  ~api_session() override;
  /// To the subscription of that account, which there is at most one of.
  void send_event(account_number, std::string_view event);

  void on_open(net::websocket_session&) override;
  void on_message(std::string_view, bool binary) override;
  void on_close(std::uint16_t code) override;

 private:
  std::string answer_to(std::string_view message);
  outcome<std::string> call_method(std::string_view method, const parameters&);
  outcome<std::string> subscribe(const parameters&);
  outcome<std::string> unsubscribe(const parameters&);
  void leave_all();
  void send_event(std::int64_t subscription, std::string_view event);

  simulated_venue& venue_;
  binance_dialect& dialect_;
  frame_sender sender_;
  std::string address_;
  std::int64_t next_subscription_ = 0;
  std::unordered_map<std::int64_t, account_number> subscriptions_;
};

}  // namespace drover::exchanges::paper::binance
