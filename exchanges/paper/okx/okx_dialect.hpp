#pragma once

#include <expected>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "exchanges/paper/dialect.hpp"
#include "exchanges/paper/request_fields.hpp"
#include "exchanges/paper/topic_board.hpp"
#include "net/websocket_session.hpp"

namespace drover::exchanges::paper::okx {

/// {"code","msg","data"} with its HTTP status.
struct refused {
  int status = 200;
  std::string code, message;
};
/// The elements of "data", JSON.
using outcome = std::expected<std::string, refused>;

class session;

class okx_dialect final : public dialect {
public:
  explicit okx_dialect(simulated_venue&);

  net::http_response handle(const net::http_request&, std::string_view prefix) override;
  net::http_response make_fault_response(const fault&) override;

  /// Checks key, passphrase and the signature of `text`; `sent` is the timestamp it was made at.
  std::expected<const api_account*, refused> authenticate(std::string_view key, std::string_view passphrase,
                                                          std::string_view signature, std::string_view text,
                                                          std::optional<wall_time> sent,
                                                          std::string_view address) const;
  topic_board& board() { return board_; }
  account_listeners<session>& users() { return users_; }
  simulated_venue& market() const { return venue(); }
  std::optional<instrument_number> find_instrument(std::string_view id) const;
  std::string instrument_id(instrument_number) const;

  /// One order or cancel: {"clOrdId","ordId","sCode","sMsg","ts"}; the first member says whether it was done.
  struct acknowledgement {
    bool done = false;
    std::string json;
  };
  acknowledgement place(const api_account&, const request_fields&);
  acknowledgement cancel(const api_account&, const request_fields&);

  /// What a topic says when somebody joins it; empty where it says nothing.
  std::string render_initial(std::string_view channel, instrument_number) const;
  std::string render_balances(const api_account&) const;

private:
  struct call {
    const net::http_request& http;
    const request_fields& fields;
    const api_account* account = nullptr;
  };
  outcome route(const net::http_request&);
  outcome route_public(const call&);
  outcome route_private(const call&);
  outcome answer_batch(const call&, bool places);
  outcome start_dead_man(const call&);
  outcome find_order(const call&);
  outcome list_orders_of(const call&, bool open);
  outcome list_fills_of(const call&);
  std::optional<refused> charge(const net::http_request&, const api_account*, std::string_view instrument);
  std::string render_order(const paper_order&, const execution*) const;
  std::string render_ticker(instrument_number) const;
  std::string render_book(instrument_number, std::size_t limit, std::int64_t previous) const;
  std::string render_instrument(instrument_number) const;

  void on_order(const paper_order&, order_change, const execution*) override;
  void on_balances(account_number, instrument_number) override;
  void on_trade(instrument_number, const market_trade&) override;
  void on_top(instrument_number, const top_of_book&) override;
  void on_depth(instrument_number, const depth_diff&) override;
  void on_depth_lost(instrument_number, const depth_diff&) override;
  void on_second() override;
  std::int64_t& sequence_of(instrument_number);

  limit_number public_limit_, account_limit_, place_limit_, cancel_limit_, query_limit_, list_limit_, connection_limit_;
  topic_board board_;
  account_listeners<session> users_;
  /// By instrument: the id of the last published change.
  std::vector<std::int64_t> sequences_;
  /// The last timer that an account started; older ones do nothing when they run out.
  std::unordered_map<account_number, std::int64_t> dead_men_;
  std::int64_t last_timer_ = 0;
};

/// One client on /ws/v5/public, /ws/v5/private or /ws/v5/business.
class session final : public net::websocket_handler, public topic_listener {
public:
  session(okx_dialect&, std::string path);
  ~session() override;

  void on_open(net::websocket_session&) override;
  void on_message(std::string_view, bool binary) override;
  void on_close(std::uint16_t code) override;
  void send(shared_text frame) override { sender_.send(std::move(frame)); }
  /// Wraps `data` in the arguments of the session's subscriptions to the channel.
  void tell(std::string_view channel, std::string_view instrument, std::string_view data);

private:
  struct private_topic {
    std::string channel, instrument;
    /// The argument as it was sent, echoed in every message.
    std::string argument;
  };
  void fail(std::string_view code, std::string_view message);
  void log_in(const json& arguments);
  void subscribe(const json& arguments, bool on);
  void subscribe_one(const json& argument, bool on);
  void trade(const request_fields& request, const json& arguments);
  void leave();

  okx_dialect& dialect_;
  frame_sender sender_;
  topic_subscriptions topics_;
  std::optional<account_number> user_;
  std::vector<private_topic> private_topics_;
  std::string address_;
};

}  // namespace drover::exchanges::paper::okx
