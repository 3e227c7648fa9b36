#pragma once

#include <expected>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "exchanges/paper/dialect.hpp"
#include "exchanges/paper/request_fields.hpp"
#include "exchanges/paper/topic_board.hpp"
#include "net/websocket_session.hpp"

namespace drover::exchanges::paper::bybit {

/// {"retCode","retMsg"}.
struct refused {
  int code = 0;
  std::string message;
};
/// "result" of the answer, JSON.
using outcome = std::expected<std::string, refused>;

class session;

class bybit_dialect final : public dialect {
public:
  explicit bybit_dialect(simulated_venue&);

  net::http_response handle(const net::http_request&, std::string_view prefix) override;
  net::http_response make_fault_response(const fault&) override;

  std::expected<const api_account*, refused> authenticate(std::string_view key, std::string_view signature,
                                                          std::string_view text, std::string_view address) const;
  topic_board& board() { return board_; }
  account_listeners<session>& users() { return users_; }
  simulated_venue& market() const { return venue(); }
  /// One order or cancel: {"orderId","orderLinkId"}.
  outcome place(const api_account&, const request_fields&);
  outcome cancel(const api_account&, const request_fields&);
  /// What a topic says when somebody joins it; empty where it says nothing.
  std::string render_initial(std::string_view topic) const;
  /// "orderbook.50", "BTCUSDT" of "orderbook.50.BTCUSDT"; nothing for a topic that does not exist.
  std::optional<instrument_number> find_topic(std::string_view topic) const;

private:
  struct call {
    const net::http_request& http;
    const request_fields& fields;
    const api_account* account = nullptr;
  };
  outcome route(const net::http_request&);
  outcome route_public(const call&);
  outcome route_private(const call&);
  std::expected<const api_account*, refused> check_request(const net::http_request&) const;
  outcome cancel_all(const call&);
  outcome find_orders(const call&, bool history);
  outcome list_fills_of(const call&);
  std::optional<refused> charge(const net::http_request&, const api_account*);
  std::string venue_symbol(instrument_number n) const { return venue().engine().get_instrument(n).venue_symbol; }
  std::string render_order(const paper_order&) const;
  std::string render_execution(const execution&) const;
  std::string render_ticker(instrument_number) const;
  std::string render_wallet(const api_account&) const;
  std::string render_book(instrument_number, std::size_t limit) const;

  void on_order(const paper_order&, order_change, const execution*) override;
  void on_balances(account_number, instrument_number) override;
  void on_trade(instrument_number, const market_trade&) override;
  void on_top(instrument_number, const top_of_book&) override;
  void on_depth(instrument_number, const depth_diff&) override;
  void on_depth_lost(instrument_number, const depth_diff&) override;
  void on_second() override;
  std::int64_t& sequence_of(instrument_number);

  limit_number address_limit_, place_limit_, cancel_limit_, query_limit_, account_limit_;
  topic_board board_;
  account_listeners<session> users_;
  /// By instrument: number of the last published change of the book; the first one is 2, a whole book has 1 at most
  /// once.
  std::vector<std::int64_t> sequences_;
  /// Set by charge() for the answer in hand.
  header_list answer_headers_;
  bool too_frequent_ = false;
};

/// One client on /v5/public/spot or /v5/private.
class session final : public net::websocket_handler, public topic_listener {
public:
  session(bybit_dialect&, std::string path);
  ~session() override;

  void on_open(net::websocket_session&) override;
  void on_message(std::string_view, bool binary) override;
  void on_close(std::uint16_t code) override;
  void send(shared_text frame) override { sender_.send(std::move(frame)); }
  /// To subscribers of the private topic.
  void tell(std::string_view topic, std::string_view data);

private:
  bool is_private() const { return sender_.path().ends_with("/private"); }
  void answer(std::string_view op, bool success, std::string_view message, const json& request);
  void log_in(const json& request);
  void subscribe(const json& request, bool on);
  void trade(const json& request);
  void leave();

  bybit_dialect& dialect_;
  frame_sender sender_;
  topic_subscriptions topics_;
  std::optional<account_number> user_;
  std::vector<std::string> private_topics_;
  std::string address_;
};

}  // namespace drover::exchanges::paper::bybit
