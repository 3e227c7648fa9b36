#pragma once

#include <cstdint>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "exchanges/protocol/venue_protocol.hpp"

// For the tests of venues: what a protocol and its wires said, and files of recorded facts.
namespace drover::test_support {

inline nlohmann::ordered_json load_data(const std::string& name) {
  std::ifstream file(std::string(DROVER_SOURCE_DIR) + "/tests/data/" + name);
  if (!file) throw std::runtime_error("no test data " + name);
  return nlohmann::ordered_json::parse(file);
}

/// The answer of a kind; throws with the error's words when there is none.
template <class T>
const T& get(const result<exchanges::venue_reply>& reply) {
  if (!reply) throw std::runtime_error(reply.error().to_string());
  return std::get<T>(reply->answer);
}

inline exchanges::venue_call call_of(exchanges::operation op, std::string symbol = "BTC/USDT") {
  exchanges::venue_call c;
  c.op = op;
  c.symbol = symbol;
  c.of.symbol = symbol;
  c.order.symbol = std::move(symbol);
  return c;
}

inline constexpr const char* client_id = "00112233445566778899aabbccddeeff";

inline exchanges::order_request limit_order(exchanges::side side = exchanges::side::buy) {
  exchanges::order_request r;
  r.symbol = "BTC/USDT";
  r.side = side;
  r.quantity = decimal::literal("0.001");
  r.price = decimal::literal(side == exchanges::side::buy ? "90000" : "95000");
  r.client_order_id = client_id;
  return r;
}

class heard_events final : public exchanges::market_events, public exchanges::private_events {
 public:
  std::vector<exchanges::book_ticker> tickers;
  std::vector<exchanges::public_trade> trades;
  std::vector<exchanges::book_update> books;
  std::vector<std::pair<exchanges::candle, bool>> candles;
  std::vector<std::pair<std::int64_t, std::optional<error>>> answers;
  std::vector<std::pair<exchanges::market_topic, std::optional<error>>> topics;
  std::vector<exchanges::order_event> orders;
  std::vector<exchanges::fill> fills;
  std::vector<exchanges::balance> balances;
  std::vector<error> refusals;
  std::vector<std::pair<std::int64_t, exchanges::market_topic>> blamed;
  std::vector<std::string> broken, replies;
  int stages = 0, pongs = 0;

  void on_ticker(exchanges::book_ticker t) override { tickers.push_back(std::move(t)); }
  void on_trade(exchanges::public_trade t) override { trades.push_back(std::move(t)); }
  void on_book(exchanges::book_update u) override { books.push_back(std::move(u)); }
  void on_candle(exchanges::candle c, bool closed) override { candles.emplace_back(std::move(c), closed); }
  void on_answer(std::int64_t id, std::optional<error> e) override { answers.emplace_back(id, std::move(e)); }
  void on_topic_answer(const exchanges::market_topic& t, std::optional<error> e) override { topics.emplace_back(t, std::move(e)); }
  void on_blame(std::int64_t id, const exchanges::market_topic& t, std::optional<error> e) override {
    blamed.emplace_back(id, t);
    topics.emplace_back(t, std::move(e));
  }
  void on_refusal(error e) override { refusals.push_back(std::move(e)); }
  void on_stage_done() override { ++stages; }
  void on_refused(error e) override { refusals.push_back(std::move(e)); }
  void on_order(exchanges::order_event e) override { orders.push_back(std::move(e)); }
  void on_fill(exchanges::fill_event e) override { fills.push_back(std::move(e.fill)); }
  void on_balances(exchanges::balance_event e) override {
    for (auto& b : e.balances) balances.push_back(std::move(b));
  }
  void on_pong() override { ++pongs; }
  void on_reply_wanted(std::string frame) override { replies.push_back(std::move(frame)); }
  void on_broken(std::string reason) override { broken.push_back(std::move(reason)); }
};

/// Calls `feed` with `rounds` damaged copies of each text, the same ones in every run.
inline void mutate(const std::vector<std::string>& texts, int rounds, const std::function<void(const std::string&)>& feed) {
  std::minstd_rand random(1);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (const auto& text : texts)
    for (int i = 0; i < rounds; ++i) {
      auto damaged = text;
      for (std::size_t n = below(4) + 1; n > 0 && !damaged.empty(); --n) {
        const auto at = below(damaged.size());
        switch (below(5)) {
          case 0: damaged[at] = static_cast<char>(random()); break;
          case 1: damaged.erase(at, below(8) + 1); break;
          case 2: damaged.insert(at, damaged.substr(below(damaged.size()), below(12))); break;
          case 3: damaged.resize(at); break;
          default: damaged.insert(at, "-999999999999999999999999e9"); break;
        }
      }
      feed(damaged);
    }
}

/// "k=v" of a query, in any order.
inline std::map<std::string, std::string> query_of(const std::string& url) {
  std::map<std::string, std::string> out;
  auto at = url.find('?');
  while (at != std::string::npos) {
    const auto end = url.find('&', at + 1);
    const auto item = url.substr(at + 1, end == std::string::npos ? end : end - at - 1);
    const auto cut = item.find('=');
    out[item.substr(0, cut)] = cut == std::string::npos ? "" : item.substr(cut + 1);
    at = end;
  }
  return out;
}

}  // namespace drover::test_support
