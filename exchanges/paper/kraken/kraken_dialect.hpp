#pragma once

#include <expected>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "exchanges/paper/dialect.hpp"
#include "exchanges/paper/kraken/pairs.hpp"
#include "exchanges/paper/request_fields.hpp"
#include "exchanges/paper/topic_board.hpp"
#include "net/websocket_session.hpp"

namespace drover::exchanges::paper::kraken {

/// "EOrder:Insufficient funds": the one thing that this API says of errors, at HTTP 200.
struct failure {
  std::string text;
};
template <class T>
using reply = std::expected<T, failure>;

class feed_session;

/// Kraken spot over REST and WebSocket v2; the public and the private stream share one address.
class kraken_dialect final : public dialect {
 public:
  explicit kraken_dialect(simulated_venue&);

  net::http_response handle(const net::http_request&, std::string_view prefix) override;
  net::http_response make_fault_response(const fault&) override;

  topic_board& board() { return board_; }
  account_listeners<feed_session>& users() { return users_; }
  simulated_venue& market() const { return venue(); }
  /// The account that a token was given to, while it is good; once used it stays good.
  std::optional<account_number> use_token(std::string_view token);

  /// Frames of the streams, whole but for what a session adds.
  std::string render_ticker(instrument_number, std::string_view type) const;
  std::string render_candle(instrument_number, std::int64_t minutes, std::string_view type) const;
  /// The book as the topic's listeners have it, or as it is now when it has none.
  std::string render_book_snapshot(instrument_number, std::size_t depth);
  std::string render_open_executions(account_number) const;
  std::string render_last_trades(account_number) const;
  std::string render_balances(account_number) const;

 private:
  struct request {
    const net::http_request& http;
    const request_fields& fields;
    const api_account* account = nullptr;
  };
  struct stream_token {
    account_number account{};
    wall_time expires_at;
    bool used = false;
  };
  struct shown_book {
    std::map<decimal, decimal> bids, asks;
  };

  reply<std::string> route(const net::http_request&);
  reply<const api_account*> authenticate(const net::http_request&, const request_fields&);
  reply<std::string> route_public(const request&, std::string_view name);
  reply<std::string> route_private(const request&, std::string_view name);
  std::string render_assets() const;
  std::string render_pairs() const;
  reply<std::string> render_market(const request&, std::string_view name) const;

  reply<std::string> add_order(const request&);
  reply<std::string> cancel_order(const request&);
  reply<std::string> cancel_batch(const request&);
  reply<std::string> cancel_all(const request&);
  reply<std::string> cancel_after(const request&);
  reply<std::string> query_orders(const request&) const;
  reply<std::string> list_open(const request&) const;
  reply<std::string> list_closed(const request&) const;
  reply<std::string> list_trades(const request&) const;
  reply<std::string> make_token(const request&);
  std::string render_key(const api_account&) const;
  std::string render_holdings(const api_account&, bool extended) const;
  std::string render_order(const paper_order&) const;
  const paper_order* find_order(const api_account&, const request_fields&) const;
  /// Counts the cancellation on the pair's counter: the younger the order, the dearer.
  reply<void> charge_cancel(const api_account&, const paper_order&);

  void on_order(const paper_order&, order_change, const execution*) override;
  void on_balances(account_number, instrument_number) override;
  void on_trade(instrument_number, const market_trade&) override;
  void on_top(instrument_number, const top_of_book&) override;
  void on_depth(instrument_number, const depth_diff&) override;
  void on_second() override;
  void fire_dead_man(account_number);

  limit_number call_limit_, pair_limit_, public_limit_, connect_limit_;
  topic_board board_;
  account_listeners<feed_session> users_;
  std::unordered_map<std::string, std::int64_t> last_nonces_;
  std::unordered_map<std::string, stream_token> tokens_;
  std::map<account_number, wall_time> dead_men_;
  std::map<std::pair<instrument_number, std::size_t>, shown_book> shown_;
};

/// One client of the WebSocket.
class feed_session final : public net::websocket_handler, public topic_listener {
 public:
  feed_session(kraken_dialect&, std::string path);
  ~feed_session() override;

  void on_open(net::websocket_session&) override;
  void on_message(std::string_view, bool binary) override;
  void on_close(std::uint16_t code) override;
  void send(shared_text frame) override { sender_.send(std::move(frame)); }
  /// Numbers the message and sends it, when the session follows the channel.
  void tell(std::string_view channel, std::string_view type, const std::string& data);

 private:
  struct call {
    std::string method, id;
    json params;
  };
  void answer(const call&, std::string_view result);
  void refuse(const call&, std::string_view error, std::string_view symbol = {});
  void subscribe(const call&, bool on);
  void subscribe_private(const call&, const std::string& channel, bool on);
  void subscribe_symbol(const call&, const std::string& channel, const std::string& symbol, bool on);
  void leave();

  kraken_dialect& dialect_;
  frame_sender sender_;
  topic_subscriptions topics_;
  std::optional<account_number> account_;
  std::map<std::string, std::int64_t, std::less<>> sequences_;
};

}  // namespace drover::exchanges::paper::kraken
