#include "exchanges/raw/raw_interpreter.hpp"

#include <array>
#include <exception>
#include <iterator>
#include <utility>

#include "exchanges/raw/call_text.hpp"
#include "exchanges/raw/redaction.hpp"

namespace drover::exchanges {

namespace {

/// Operations whose answers feed something.
bool is_of_interest(operation op) {
  using enum operation;
  constexpr std::array wanted{balances, create_order, cancel_order, find_order, open_orders, fills, candles, trades};
  for (auto w : wanted)
    if (w == op) return true;
  return false;
}

template <class T>
void add_all(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

void take_answer(const venue_answer& answer, interpreted_record& out) {
  if (const auto* v = std::get_if<std::vector<balance>>(&answer)) add_all(out.balances, *v);
  if (const auto* v = std::get_if<exchanges::order>(&answer)) out.orders.push_back(*v);
  if (const auto* v = std::get_if<std::vector<exchanges::order>>(&answer)) add_all(out.orders, *v);
  if (const auto* v = std::get_if<std::vector<fill>>(&answer)) add_all(out.fills, *v);
  if (const auto* v = std::get_if<std::vector<candle>>(&answer)) add_all(out.candles, *v);
  if (const auto* v = std::get_if<std::vector<public_trade>>(&answer)) add_all(out.trades, *v);
}

/// A refusal by the venue is an answer; only what nobody can read is not.
bool is_unreadable(const error& e, int status) {
  constexpr int first_success = 200, first_redirect = 300;
  if (e.code == make_error_code(exchange_errc::protocol)) return true;
  return e.code == make_error_code(exchange_errc::unknown_outcome) && status >= first_success && status < first_redirect;
}

interpreted_record interpret_answer(const venue_protocol& protocol, const spool_record& r, const instrument_table& table) {
  interpreted_record out;
  if (r.operation.empty()) return out;
  auto call = read_call(r.operation, r.arguments);
  if (!call) {
    out.reject = call.error().to_string();
    return out;
  }
  if (!is_of_interest(call->op)) return out;
  client_response answer;
  answer.status = r.status;
  answer.body = r.body;
  auto reply = protocol.read_answer(*call, answer, table);
  if (!reply) {
    if (is_unreadable(reply.error(), r.status)) out.reject = reply.error().to_string();
    return out;
  }
  take_answer(reply->answer, out);
  // Some venues hand what they said so far to the next step instead of answering it.
  const bool said_nothing = std::holds_alternative<nothing>(reply->answer);
  if (said_nothing && reply->next && reply->next->earlier) take_answer(*reply->next->earlier, out);
  return out;
}

class market_listener final : public market_events {
 public:
  explicit market_listener(interpreted_record& out) : out_(out) {}
  void on_ticker(book_ticker) override {}
  void on_trade(public_trade t) override { out_.trades.push_back(std::move(t)); }
  void on_book(book_update) override {}
  void on_candle(candle c, bool) override { out_.candles.push_back(std::move(c)); }
  void on_answer(std::int64_t, std::optional<error>) override {}
  void on_topic_answer(const market_topic&, std::optional<error>) override {}
  void on_blame(std::int64_t, const market_topic&, std::optional<error>) override {}
  void on_refusal(error) override {}
  void on_pong() override {}
  void on_reply_wanted(std::string) override {}
  void on_broken(std::string) override {}

 private:
  interpreted_record& out_;
};

class private_listener final : public private_events {
 public:
  explicit private_listener(interpreted_record& out) : out_(out) {}
  void on_stage_done() override {}
  void on_refused(error) override {}
  void on_order(order_event e) override {
    out_.orders.push_back(std::move(e.order));
    if (e.fill) out_.fills.push_back(std::move(*e.fill));
  }
  void on_fill(fill_event e) override { out_.fills.push_back(std::move(e.fill)); }
  void on_balances(balance_event) override {}
  void on_pong() override {}
  void on_reply_wanted(std::string) override {}
  void on_broken(std::string) override {}

 private:
  interpreted_record& out_;
};

interpreted_record interpret_frame(const venue_protocol& protocol, const spool_record& r, const instrument_table& table) {
  interpreted_record out;
  result<void> read;
  if (r.stream.ends_with(private_stream_ending)) {
    auto wire = protocol.make_private_wire();
    private_listener listener(out);
    read = wire->read(r.body, table, listener);
  } else {
    auto wire = protocol.make_market_wire();
    market_listener listener(out);
    read = wire->read(r.body, table, listener);
  }
  if (!read) out.reject = read.error().to_string();
  return out;
}

}  // namespace

std::string_view exchange_of(std::string_view stream) { return stream.substr(0, stream.find('.')); }

interpreted_record interpret_record(const venue_protocol& protocol, const spool_record& r, const instrument_table& table) {
  try {
    switch (r.kind) {
      case spool_kind::rest_response: return interpret_answer(protocol, r, table);
      case spool_kind::ws_frame: return interpret_frame(protocol, r, table);
      case spool_kind::gap: break;
    }
  } catch (const std::exception& e) {
    // A number out of the range of a decimal, for one.
    interpreted_record out;
    out.reject = e.what();
    return out;
  }
  return {};
}

std::shared_ptr<const instrument_table> instrument_reader::add(const spool_record& r) {
  auto call = read_call(r.operation, r.arguments);
  if (!call || call->op != operation::instruments) return nullptr;
  if (call->step == 0) {
    joined_.clear();
  } else {
    if (!next_ || next_->step != call->step) return nullptr;
    call = std::move(*next_);
  }
  next_.reset();
  client_response answer;
  answer.status = r.status;
  answer.body = r.body;
  auto reply = protocol_.read_answer(*call, answer, {});
  if (!reply) return nullptr;
  if (const auto* list = std::get_if<std::vector<instrument>>(&reply->answer)) add_all(joined_, *list);
  next_ = std::move(reply->next);
  if (next_) return nullptr;
  return std::make_shared<const instrument_table>(std::exchange(joined_, {}));
}

}  // namespace drover::exchanges
