#pragma once

#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "exchanges/paper/dialect.hpp"
#include "exchanges/paper/request_fields.hpp"
#include "exchanges/paper/topic_board.hpp"
#include "net/websocket_session.hpp"

namespace drover::exchanges::paper::mexc {

/// {"code","msg"} with its status.
struct refused {
  int status = 400;
  int code = 400;
  std::string message;
};
template <class T>
using outcome = std::expected<T, refused>;

class push_session;

/// MEXC spot, API v3, over REST and its WebSocket, which pushes protobuf.
class mexc_dialect final : public dialect {
 public:
  explicit mexc_dialect(simulated_venue&);

  net::http_response handle(const net::http_request&, std::string_view prefix) override;
  net::http_response make_fault_response(const fault&) override;

  topic_board& board() { return board_; }
  account_listeners<push_session>& users() { return users_; }
  simulated_venue& market() const { return venue(); }
  /// Whose key it is; nothing for unknown and expired ones.
  std::optional<account_number> find_listener(std::string_view listen_key) const;

 private:
  struct request {
    const net::http_request& http;
    const request_fields& fields;
    const api_account& account;
  };
  outcome<std::string> route(const net::http_request&);
  outcome<const api_account*> authenticate(const net::http_request&, const request_fields&) const;
  outcome<std::string> route_public(const net::http_request&, const request_fields&);
  outcome<std::string> route_private(const request&);
  outcome<std::string> show_book(const request_fields&) const;
  outcome<std::string> show_trades(const request_fields&, bool aggregate) const;
  outcome<std::string> show_candles(const request_fields&) const;
  outcome<std::string> show_tickers(const request_fields&, std::string_view kind) const;
  outcome<std::string> place(const request&, bool only_test);
  outcome<std::string> cancel(const request&);
  outcome<std::string> cancel_all(const request&);
  outcome<std::string> find(const request&);
  outcome<std::string> list_orders_of(const request&, bool open_only);
  outcome<std::string> list_fills_of(const request&);
  outcome<std::string> manage_listen_key(const request&);
  outcome<instrument_number> read_symbol(const request_fields&) const;
  const paper_order* find_order(const api_account&, const request_fields&) const;
  outcome<void> charge(const net::http_request&, const api_account*, std::int64_t weight);
  std::string render_order(const paper_order&) const;
  std::string render_account(const api_account&) const;

  void on_order(const paper_order&, order_change, const execution*) override;
  void on_balances(account_number, instrument_number) override;
  void on_trade(instrument_number, const market_trade&) override;
  void on_top(instrument_number, const top_of_book&) override;
  void on_depth(instrument_number, const depth_diff&) override;
  void on_second() override;
  void tell(account_number, std::string_view channel, const std::string& push);

  limit_number address_limit_, account_limit_;
  header_list answer_headers_;
  topic_board board_;
  account_listeners<push_session> users_;
  struct listen_key {
    account_number account{};
    wall_time expires_at;
  };
  std::map<std::string, listen_key, std::less<>> listen_keys_;
};

/// One client of the WebSocket.
class push_session final : public net::websocket_handler, public topic_listener {
 public:
  push_session(mexc_dialect&, std::string path, std::string listen_key);
  ~push_session() override;

  void on_open(net::websocket_session&) override;
  void on_message(std::string_view, bool binary) override;
  void on_close(std::uint16_t code) override;
  void send(shared_text push) override { sender_.send_binary(std::move(push)); }
  bool follows(std::string_view channel) const;

 private:
  /// Empty, or why not.
  std::string change(const std::string& channel, bool on);
  void answer(std::int64_t id, std::string_view text);
  void leave();

  mexc_dialect& dialect_;
  frame_sender sender_;
  topic_subscriptions topics_;
  std::string listen_key_;
  std::optional<account_number> account_;
  std::vector<std::string> private_;
};

}  // namespace drover::exchanges::paper::mexc
