#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "exchanges/runtime/market_feed.hpp"

/// What the files of market_feed share.
namespace drover::exchanges {

/// One upstream connection with the topics assigned to it.
struct market_feed::line final : private market_sink {
  line(int group_number, std::string name, std::unique_ptr<market_wire> wire,
       market_session::instrument_source instruments, market_feed& owner, const exchange_parts& parts,
       const std::function<stream_config(line&)>& configure)
      : feed(owner),
        group(group_number),
        session(std::move(name), std::move(wire), std::move(instruments), *this),
        connection(parts, configure(*this), session) {}
  market_feed& feed;
  int group;
  market_session session;
  std::shared_ptr<const stream_access> access;
  stream_connection connection;

private:
  void on_ticker(std::shared_ptr<const book_ticker> v) override { feed.on_ticker(*this, std::move(v)); }
  void on_trade(std::shared_ptr<const public_trade> v) override { feed.on_trade(*this, std::move(v)); }
  void on_book(book_update u, steady_time now) override { feed.on_book(*this, std::move(u), now); }
  void on_candle(std::shared_ptr<const candle_update> v) override { feed.on_candle(*this, std::move(v)); }
  void on_stale(const market_topic& t) override { feed.on_stale(*this, t); }
};

struct market_feed::kept_book {
  kept_book(std::string s, line& l, steady_time now)
      : symbol(std::move(s)), on(&l), keeper(l.session.wire().books()), heard_at(now) {}
  std::string symbol;
  line* on;
  book_keeper keeper;
  steady_time heard_at;
  wall_time changed_wall{};
  bool fetching = false;
  /// Nobody wants it any more.
  bool gone = false;
};

struct market_feed::handover {
  handover(line& o, line& n, steady_time limit) : from(&o), to(&n), give_up_at(limit) {}
  line* from;
  line* to;
  /// What is not done by then begins anew, with a gap.
  steady_time give_up_at;
  std::optional<steady_time> settled_at, switched_at;
  market_handover overlap;
  /// How far the old connection's books had come.
  std::map<std::string, std::int64_t, std::less<>> told_books;

  /// The new connection has not come so far yet.
  bool is_behind(const kept_book& book) const {
    const auto told = told_books.find(book.symbol);
    return told != told_books.end() && book.keeper.last_update_id() < told->second;
  }

  market_handover::side_of side(const line& l) const {
    return &l == from ? market_handover::side_of::old_one : market_handover::side_of::new_one;
  }
};

}  // namespace drover::exchanges
