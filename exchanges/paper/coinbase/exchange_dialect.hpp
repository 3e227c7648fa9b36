#pragma once

#include <expected>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "exchanges/paper/coinbase/products.hpp"
#include "exchanges/paper/dialect.hpp"
#include "exchanges/paper/request_fields.hpp"
#include "exchanges/paper/topic_board.hpp"
#include "net/websocket_session.hpp"

namespace drover::exchanges::paper::coinbase {

/// {"message": "…"} with its status: all that this API says of errors.
struct refused {
  int status = 400;
  std::string message;
};
template <class T>
using outcome = std::expected<T, refused>;

class feed_session;

/// Coinbase Exchange over REST and its feed.
class exchange_dialect final : public dialect {
public:
  explicit exchange_dialect(simulated_venue&);

  net::http_response handle(const net::http_request&, std::string_view prefix) override;
  net::http_response make_fault_response(const fault&) override;

  /// Key, passphrase, window, signature of "timestamp + method + target + body", address.
  outcome<const api_account*> authenticate(const header_list&, std::string_view method, std::string_view target,
                                           std::string_view body, std::string_view address) const;
  topic_board& board() { return board_; }
  account_listeners<feed_session>& users() { return users_; }
  simulated_venue& market() const { return venue(); }
  std::string render_ticker(instrument_number) const;
  std::string render_snapshot(instrument_number) const;

private:
  struct request {
    const net::http_request& http;
    const request_fields& fields;
    const api_account* account = nullptr;
    instrument_number product{};
  };
  outcome<std::string> route(const net::http_request&);
  outcome<std::string> route_public(const net::http_request&, const request_fields&);
  outcome<std::string> route_product(const request&, std::string_view rest);
  outcome<std::string> route_private(const request&);
  outcome<void> charge(const net::http_request&, const api_account*);
  outcome<std::string> place(const request&);
  outcome<std::string> find(const request&, std::string_view id);
  outcome<std::string> cancel(const request&, std::string_view id);
  outcome<std::string> cancel_all(const request&);
  outcome<std::string> list_orders_of(const request&);
  outcome<std::string> list_fills_of(const request&);
  std::string render_accounts(const api_account&) const;
  std::string render_order(const paper_order&, bool pending) const;
  const paper_order* find_order(const api_account&, std::string_view id) const;

  void on_order(const paper_order&, order_change, const execution*) override;
  void on_trade(instrument_number, const market_trade&) override;
  void on_top(instrument_number, const top_of_book&) override;
  void on_depth(instrument_number, const depth_diff&) override;
  void on_second() override;
  void tell(account_number, instrument_number, const std::string& frame);

  limit_number public_limit_, private_limit_, fill_limit_;
  topic_board board_;
  account_listeners<feed_session> users_;
  std::int64_t sequence_ = 0;
  /// Headers of the answer in hand.
  header_list answer_headers_;
};

/// One client of the feed.
class feed_session final : public net::websocket_handler, public topic_listener {
public:
  feed_session(exchange_dialect&, std::string path);
  ~feed_session() override;

  void on_open(net::websocket_session&) override;
  void on_message(std::string_view, bool binary) override;
  void on_close(std::uint16_t code) override;
  void send(shared_text frame) override { sender_.send(std::move(frame)); }

private:
  void fail(std::string_view reason);
  void subscribe(const json& request, bool on);
  bool authenticate(const json& request);
  void open_channel(const std::string& channel, instrument_number, bool on);
  void leave();

  exchange_dialect& dialect_;
  frame_sender sender_;
  topic_subscriptions topics_;
  std::optional<account_number> user_;
  bool follows_user_ = false;
  std::string address_;
};

}  // namespace drover::exchanges::paper::coinbase
