#pragma once

#include <expected>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exchanges/paper/dialect.hpp"
#include "exchanges/paper/request_fields.hpp"
#include "exchanges/paper/topic_board.hpp"
#include "net/websocket_session.hpp"

namespace drover::exchanges::paper::gate {

/// {"label","message"} with its status.
struct refused {
  int status = 400;
  std::string label, message;
};
template <class T>
using outcome = std::expected<T, refused>;

class feed_session;

/// Gate spot, API v4, over REST and its WebSocket.
class gate_dialect final : public dialect {
 public:
  explicit gate_dialect(simulated_venue&);

  net::http_response handle(const net::http_request&, std::string_view prefix) override;
  net::http_response make_fault_response(const fault&) override;

  /// What was signed, by whom and when: the checks of requests and of private channels.
  outcome<const api_account*> authenticate(std::string_view key, std::string_view signature, std::string_view timestamp,
                                           std::string_view signed_text, std::string_view address) const;
  topic_board& board() { return board_; }
  account_listeners<feed_session>& users() { return users_; }
  simulated_venue& market() const { return venue(); }
  /// {"time","time_ms","channel","event":"update","result"}
  std::string compose_update(std::string_view channel, std::string_view result) const;
  /// The book as the subscribers of "ob.<pair>.<levels>" know it; begins to follow it.
  std::string compose_book(instrument_number, std::size_t levels);

 private:
  struct request {
    const net::http_request& http;
    const request_fields& fields;
    const api_account& account;
  };
  outcome<std::string> route(const net::http_request&);
  outcome<std::string> route_public(const net::http_request&, const request_fields&);
  outcome<std::string> route_private(const request&);
  outcome<std::string> show_pairs(std::string_view rest) const;
  outcome<std::string> show_tickers(const request_fields&) const;
  outcome<std::string> show_book(const request_fields&) const;
  outcome<std::string> show_trades(const request_fields&) const;
  outcome<std::string> show_candles(const request_fields&) const;
  outcome<std::string> place(const request&);
  outcome<std::string> cancel(const request&, std::string_view id);
  outcome<std::string> cancel_all(const request&);
  outcome<std::string> find(const request&, std::string_view id);
  outcome<std::string> list_orders_of(const request&);
  outcome<std::string> list_all_open(const request&);
  outcome<std::string> list_fills_of(const request&);
  outcome<std::string> start_countdown(const request&);
  outcome<instrument_number> read_pair(const request_fields&) const;
  const paper_order* find_order(const api_account&, std::string_view id) const;
  outcome<void> charge(limit_number, std::string_view key);
  std::string render_order(const paper_order&, std::string_view event) const;
  std::string render_fill(const paper_order&, const execution&, bool streamed) const;
  std::string render_accounts(const api_account&) const;

  void on_order(const paper_order&, order_change, const execution*) override;
  void on_balances(account_number, instrument_number) override;
  void on_trade(instrument_number, const market_trade&) override;
  void on_top(instrument_number, const top_of_book&) override;
  void on_depth(instrument_number, const depth_diff&) override;
  void on_depth_lost(instrument_number, const depth_diff&) override;
  void on_second() override;
  /// Moves what subscribers of one book know to what it is now; nothing when they know already.
  std::string advance_book(instrument_number, std::size_t levels);
  void tell(account_number, std::string_view channel, std::string_view pair, const std::string& result);

  /// One limit for each endpoint.
  limit_number limit_of(const std::string& endpoint, bool is_private);
  std::map<std::string, limit_number> endpoint_limits_;
  limit_number placing_limit_, cancelling_limit_;
  header_list answer_headers_;
  topic_board board_;
  account_listeners<feed_session> users_;
  struct known_book {
    depth_view view;
    std::int64_t last_id = 0;
  };
  std::map<std::pair<std::size_t, std::size_t>, known_book> books_;
  /// What each account's countdown was when it was last asked for; a newer request overrules older ones.
  std::map<std::pair<account_number, std::string>, std::uint64_t> countdowns_;
  std::uint64_t countdown_count_ = 0;
  std::map<std::pair<std::size_t, std::string>, decimal> last_totals_;
};

/// One client of the WebSocket.
class feed_session final : public net::websocket_handler, public topic_listener {
 public:
  feed_session(gate_dialect&, std::string path);
  ~feed_session() override;

  void on_open(net::websocket_session&) override;
  void on_message(std::string_view, bool binary) override;
  void on_close(std::uint16_t code) override;
  void send(shared_text frame) override { sender_.send(std::move(frame)); }
  /// `pair` is empty where the channel knows none.
  bool follows(account_number, std::string_view channel, std::string_view pair) const;

 private:
  struct request;
  void answer(const request&, std::optional<std::pair<int, std::string>> error);
  void change_public(const request&, bool on);
  void change_private(const request&, bool on);
  void leave();

  gate_dialect& dialect_;
  frame_sender sender_;
  topic_subscriptions topics_;
  std::string address_;
  struct subscription {
    account_number account{};
    std::string channel;
    /// Empty = all.
    std::vector<std::string> pairs;
  };
  std::vector<subscription> private_;
  std::vector<account_number> accounts_;
};

}  // namespace drover::exchanges::paper::gate
