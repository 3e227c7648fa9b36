#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "tests/support/venue_events.hpp"

// For the tests of venues: frames and bodies with any one byte wrong, and what may never come out of them.
namespace drover::test_support {

/// Calls `feed` with every text cut off at each of its bytes, and with each of its bytes replaced by those that hurt most.
/// Returns how many there were.
inline std::size_t damage_every_byte(const std::vector<std::string>& texts, const std::function<void(const std::string&)>& feed) {
  constexpr std::string_view replacements("-9\"{\0\xff", 6);
  std::size_t fed = 0;
  for (const auto& text : texts)
    for (std::size_t at = 0; at < text.size(); ++at) {
      feed(text.substr(0, at));
      ++fed;
      auto damaged = text;
      for (char c : replacements) {
        if (c == text[at]) continue;
        damaged[at] = c;
        feed(damaged);
        ++fed;
      }
    }
  return fed;
}

/// Names the first number that no venue can mean: a negative price, quantity or balance, a time outside 1970…2199. Empty when there
/// is none. Fees may be negative.
class impossible_number {
 public:
  std::string operator()(const exchanges::nothing&) { return {}; }
  std::string operator()(wall_time t) { return time(t); }
  std::string operator()(const exchanges::permissions&) { return {}; }
  std::string operator()(const exchanges::balance& b) { return amounts({b.free, b.locked}); }
  std::string operator()(const exchanges::book_ticker& t) { return amounts({t.bid_price, t.bid_quantity, t.ask_price, t.ask_quantity}); }
  std::string operator()(const exchanges::book_level& l) { return amounts({l.price, l.quantity}); }
  std::string operator()(const exchanges::book_snapshot& b) { return (*this)(b.bids) + (*this)(b.asks); }
  std::string operator()(const exchanges::book_update& u) { return (*this)(u.bids) + (*this)(u.asks); }
  std::string operator()(const exchanges::public_trade& t) { return amounts({t.price, t.quantity}) + time(t.at); }
  std::string operator()(const exchanges::candle& c) { return amounts({c.open, c.high, c.low, c.close, c.volume}) + time(c.opens_at); }
  std::string operator()(const exchanges::instrument& i) {
    return amounts({i.tick_size, i.lot_size, i.min_quantity, i.max_quantity, i.min_notional});
  }
  std::string operator()(const exchanges::order& o) {
    return amounts({o.price, o.quantity, o.filled_quantity, o.filled_notional}) + time(o.updated_at);
  }
  std::string operator()(const exchanges::fill& f) { return amounts({f.price, f.quantity}) + time(f.at); }
  template <class T>
  std::string operator()(const std::vector<T>& all) {
    std::string out;
    for (const auto& one : all) out += (*this)(one);
    return out;
  }
  /// Kinds without numbers.
  template <class T>
  std::string operator()(const T&) {
    return {};
  }

 private:
  static std::string amounts(std::vector<decimal> all) {
    for (const auto& d : all)
      if (d.is_negative()) return d.to_string() + " ";
    return {};
  }
  static std::string time(wall_time t) {
    constexpr std::int64_t latest_ms = 7'258'118'400'000;
    return t.ms() >= 0 && t.ms() < latest_ms ? std::string() : std::to_string(t.ms()) + " ms ";
  }
};

inline std::string find_impossible_number(const exchanges::venue_answer& answer) { return std::visit(impossible_number{}, answer); }

inline std::string find_impossible_number(const heard_events& heard) {
  impossible_number check;
  std::string out = check(heard.tickers) + check(heard.trades) + check(heard.books) + check(heard.fills) + check(heard.balances);
  for (const auto& [candle, closed] : heard.candles) out += check(candle);
  for (const auto& e : heard.orders) {
    out += check(e.order);
    if (e.fill) out += check(*e.fill);
  }
  return out;
}

}  // namespace drover::test_support
