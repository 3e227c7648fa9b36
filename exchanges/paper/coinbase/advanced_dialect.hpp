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

/// {"error","error_details","message"} with its status; an empty code is the gateway's plain "Unauthorized".
struct denied {
  int status = 400;
  std::string code, message;
};
template <class T>
using reply = std::expected<T, denied>;

class advanced_session;

/// Coinbase Advanced Trade over REST and its WebSocket.
class advanced_dialect final : public dialect {
public:
  explicit advanced_dialect(simulated_venue&);

  net::http_response handle(const net::http_request&, std::string_view prefix) override;
  net::http_response make_fault_response(const fault&) override;

  /// The account of a token that is valid now; `uri` is what its claim must end in, empty = it must have none that
  /// matters.
  const api_account* authenticate(std::string_view token, std::string_view method, std::string_view path,
                                  std::string_view address) const;
  topic_board& board() { return board_; }
  account_listeners<advanced_session>& users() { return users_; }
  simulated_venue& market() const { return venue(); }
  /// The parts of messages that a session numbers and sends: `"channel":…,"timestamp":…,"events":[…]}`.
  std::string compose(std::string_view channel, std::string_view event) const;
  std::string compose_snapshot(std::string_view channel, instrument_number) const;
  std::string compose_user(account_number, bool snapshot, const paper_order* only) const;

private:
  struct request {
    const net::http_request& http;
    const request_fields& fields;
    const api_account* account = nullptr;
  };
  reply<std::string> route(const net::http_request&);
  reply<std::string> route_public(const request&);
  reply<std::string> route_market(const request&, std::string_view rest);
  reply<std::string> route_private(const request&);
  reply<std::string> place(const request&);
  reply<std::string> cancel(const request&);
  reply<std::string> find(const request&, std::string_view id);
  reply<std::string> list_orders_of(const request&);
  reply<std::string> list_fills_of(const request&);
  reply<void> charge(const net::http_request&, const api_account*);
  std::string render_product(instrument_number) const;
  std::string render_order(const paper_order&) const;
  std::string render_accounts(const api_account&) const;

  void on_order(const paper_order&, order_change, const execution*) override;
  void on_trade(instrument_number, const market_trade&) override;
  void on_top(instrument_number, const top_of_book&) override;
  void on_depth(instrument_number, const depth_diff&) override;
  void on_second() override;

  limit_number public_limit_, private_limit_;
  topic_board board_;
  account_listeners<advanced_session> users_;
};

/// One client of the WebSocket. Messages carry the connection's own sequence.
class advanced_session final : public net::websocket_handler, public topic_listener {
public:
  advanced_session(advanced_dialect&, std::string path);
  ~advanced_session() override;

  void on_open(net::websocket_session&) override;
  void on_message(std::string_view, bool binary) override;
  void on_close(std::uint16_t code) override;
  void send(shared_text composed) override { send_numbered(*composed); }
  void send_numbered(std::string_view composed);

private:
  void fail(std::string_view message);
  void subscribe(const request_fields&, const json& request, bool on);
  void answer_subscriptions();
  void leave();

  advanced_dialect& dialect_;
  frame_sender sender_;
  topic_subscriptions topics_;
  std::optional<account_number> user_;
  std::int64_t sequence_ = 0;
  std::string address_;
};

}  // namespace drover::exchanges::paper::coinbase
