#pragma once

#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "exchanges/paper/dialect.hpp"
#include "exchanges/paper/request_fields.hpp"
#include "exchanges/paper/topic_board.hpp"
#include "net/websocket_session.hpp"

namespace drover::exchanges::paper::kucoin {

/// {"code","msg"}: all that this API says of errors, at HTTP 200 unless it is the gateway that speaks.
struct denied {
  std::string code, message;
  int status = 200;
};
template <class T>
using reply = std::expected<T, denied>;

class feed_session;

/// KuCoin's high-frequency spot trading over REST and its WebSocket.
class kucoin_dialect final : public dialect {
 public:
  explicit kucoin_dialect(simulated_venue&);

  net::http_response handle(const net::http_request&, std::string_view prefix) override;
  net::http_response make_fault_response(const fault&) override;

  topic_board& board() { return board_; }
  account_listeners<feed_session>& users() { return users_; }
  simulated_venue& market() const { return venue(); }
  std::optional<instrument_number> find_symbol(std::string_view symbol) const;
  std::string symbol_of(instrument_number) const;

 private:
  enum class pool { spot, management, open };
  struct request {
    const net::http_request& http;
    std::string_view prefix;
    const request_fields& fields;
    const api_account* account = nullptr;
  };
  /// What a token opens: the public stream, or an account's.
  struct stream_token {
    std::optional<account_number> account;
    wall_time expires_at;
  };
  struct dead_man {
    std::int64_t timeout_s = 0;
    wall_time fires_at;
  };

  reply<std::string> route(const net::http_request&, std::string_view prefix);
  net::http_response open_feed(const net::http_request&);
  reply<void> charge(const net::http_request&, const api_account*, pool, std::int64_t weight);
  /// Headers, key, window, passphrase, signature, address.
  reply<const api_account*> authenticate(const net::http_request&) const;

  reply<std::string> route_public(const request&);
  reply<std::string> route_market(const request&);
  reply<std::string> route_private(const request&);
  reply<std::string> route_trading(const request&);
  reply<std::string> make_token(const request&);
  reply<std::string> place(const request&);
  reply<std::string> find(const request&, std::string_view rest);
  reply<std::string> cancel(const request&, std::string_view rest);
  reply<std::string> cancel_all(const request&);
  reply<std::string> list_active(const request&) const;
  reply<std::string> list_done(const request&) const;
  reply<std::string> list_trades(const request&) const;
  reply<std::string> set_dead_man(const request&);
  std::string render_dead_man(account_number) const;
  std::string render_accounts(const api_account&, std::string_view type) const;
  std::string render_order(const paper_order&) const;
  std::string render_symbol(instrument_number) const;
  std::string render_levels(instrument_number, std::size_t depth) const;
  std::string render_candles(const request&, instrument_number, std::int64_t length_ms) const;
  const paper_order* find_order(const request&, std::string_view rest) const;

  void on_order(const paper_order&, order_change, const execution*) override;
  void on_balances(account_number, instrument_number) override;
  void on_trade(instrument_number, const market_trade&) override;
  void on_top(instrument_number, const top_of_book&) override;
  void on_depth(instrument_number, const depth_diff&) override;
  void on_second() override;
  void fire_dead_man(account_number);
  void tell(account_number, std::string_view topic, const std::string& frame);
  void publish(std::string_view topic, instrument_number, std::string_view subject, const std::string& data);

  limit_number spot_limit_, management_limit_, public_limit_, connect_limit_;
  topic_board board_;
  account_listeners<feed_session> users_;
  std::unordered_map<std::string, stream_token> tokens_;
  std::map<account_number, dead_man> dead_men_;
  /// Headers of the answer in hand.
  header_list answer_headers_;
};

/// One client of the WebSocket.
class feed_session final : public net::websocket_handler, public topic_listener {
 public:
  /// `known`: its token was.
  feed_session(kucoin_dialect&, std::string path, std::string connect_id, bool known, std::optional<account_number>);
  ~feed_session() override;

  void on_open(net::websocket_session&) override;
  void on_message(std::string_view, bool binary) override;
  void on_close(std::uint16_t code) override;
  void send(shared_text frame) override { sender_.send(std::move(frame)); }
  bool follows(std::string_view private_topic) const { return topics_.has(private_topic); }

 private:
  void fail(const std::string& id, int code, std::string_view what);
  void subscribe(const json& request, const std::string& id, bool on);
  /// Empty: done. Else why not.
  std::string open_topic(const std::string& topic, bool on);
  void leave();

  kucoin_dialect& dialect_;
  frame_sender sender_;
  topic_subscriptions topics_;
  std::string connect_id_;
  bool known_ = false;
  std::optional<account_number> account_;
  bool listens_ = false;
};

/// Candle lengths by the venue's names; 0 = unknown.
std::int64_t candle_length_ms(std::string_view name);
inline constexpr std::uint32_t order_salt = 31, account_salt = 32, stranger_salt = 33;

}  // namespace drover::exchanges::paper::kucoin
