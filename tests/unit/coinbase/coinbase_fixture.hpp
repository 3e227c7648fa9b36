#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "exchanges/coinbase/protocol.hpp"

namespace drover::exchanges::coinbase {

inline nlohmann::ordered_json load_data(const std::string& name) {
  std::ifstream file(std::string(DROVER_SOURCE_DIR) + "/tests/data/" + name);
  if (!file) throw std::runtime_error("no test data " + name);
  return nlohmann::ordered_json::parse(file);
}

inline const instrument_table& no_instruments() {
  static const instrument_table table;
  return table;
}

inline result<venue_reply> read(const venue_protocol& p, const venue_call& call, std::string body, int status = 200,
                                header_list headers = {}) {
  return p.read_answer(call, {status, std::move(headers), std::move(body)}, no_instruments());
}

template <class T>
const T& get(const result<venue_reply>& reply) {
  if (!reply) throw std::runtime_error(reply.error().to_string());
  return std::get<T>(reply->answer);
}

inline venue_call call_of(operation op, std::string symbol = "BTC/USD") {
  venue_call c;
  c.op = op;
  c.symbol = symbol;
  c.of.symbol = symbol;
  c.order.symbol = std::move(symbol);
  return c;
}

inline order_request limit_buy() {
  order_request r;
  r.symbol = "BTC/USD";
  r.quantity = decimal::literal("0.001");
  r.price = decimal::literal("90000");
  r.client_order_id = "22222222222242228222222222222222";
  return r;
}

/// What a stream said, as words.
class heard final : public market_events, public private_events {
public:
  std::vector<book_ticker> tickers;
  std::vector<public_trade> trades;
  std::vector<book_update> books;
  std::vector<candle> candles;
  std::vector<market_topic> topics;
  std::vector<order_event> orders;
  std::vector<error> refusals;
  std::vector<std::string> broken;
  int stages = 0;

  void on_ticker(book_ticker t) override { tickers.push_back(std::move(t)); }
  void on_trade(public_trade t) override { trades.push_back(std::move(t)); }
  void on_book(book_update u) override { books.push_back(std::move(u)); }
  void on_candle(candle c, bool) override { candles.push_back(std::move(c)); }
  void on_answer(std::int64_t, std::optional<error>) override {}
  void on_topic_answer(const market_topic& t, std::optional<error>) override { topics.push_back(t); }
  void on_blame(std::int64_t, const market_topic&, std::optional<error>) override {}
  void on_refusal(error e) override { refusals.push_back(std::move(e)); }
  void on_stage_done() override { ++stages; }
  void on_refused(error e) override { refusals.push_back(std::move(e)); }
  void on_order(order_event e) override { orders.push_back(std::move(e)); }
  void on_fill(fill_event) override {}
  void on_balances(balance_event) override {}
  void on_pong() override {}
  void on_reply_wanted(std::string) override {}
  void on_broken(std::string reason) override { broken.push_back(std::move(reason)); }
};

}  // namespace drover::exchanges::coinbase
