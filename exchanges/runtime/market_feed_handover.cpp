// How the market feed changes from one connection to another without a gap.
#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "exchanges/runtime/market_feed_detail.hpp"

namespace drover::exchanges {

namespace {

const logger log("exchanges");
/// Shorter than stream_config::handover_limit: a connection that could not be replaced is renewed in the old way.
constexpr nanoseconds patience = 50s;

book_snapshot copy_of(const std::string& symbol, const book_keeper& keeper) {
  const auto& book = keeper.book();
  return {symbol, book.top(side::buy, order_book::level_limit), book.top(side::sell, order_book::level_limit),
          keeper.last_update_id()};
}

}  // namespace

market_feed::handover* market_feed::find_handover(const line& l) {
  for (auto& h : handovers_)
    if (h->from == &l || h->to == &l) return h.get();
  return nullptr;
}

void market_feed::begin_handover(line& old) {
  if (old.session.size() == 0 || find_handover(old)) return;
  const auto idle = std::ranges::find_if(lines_, [&](const auto& l) {
    return l->group == old.group && l->session.size() == 0 && !l->connection.connected() && !find_handover(*l);
  });
  auto& next = idle == lines_.end() ? add_line(old.group) : **idle;
  const auto now = parts_.parts.timers.get_clock().now();
  handovers_.push_back(std::make_unique<handover>(old, next, now + patience));
  log.info("stream is being replaced", {{"stream", stream_}, {"topics", old.session.size()}});
  for (const auto& t : old.session.wanted()) next.session.want(t);
  next.connection.poke();
  schedule_handovers();
}

void market_feed::join_book(handover& h, const std::string& symbol) {
  auto& books = h.overlap.books();
  const auto joining = books.find(symbol);
  const auto kept = books_.find(symbol);
  if (joining == books.end() || kept == books_.end()) return;
  if (joining->second.needs_snapshot() && kept->second->keeper.live())
    joining->second.on_snapshot(copy_of(symbol, kept->second->keeper));
}

void market_feed::schedule_handovers() {
  if (handover_check_) return;
  handover_check_ = parts_.parts.timers.call_after(handover_check_interval, [this] {
    handover_check_.reset();
    check_handovers();
    if (!handovers_.empty()) schedule_handovers();
  });
}

bool market_feed::is_ready(const handover& h, steady_time now) const {
  if (!h.settled_at) return false;
  // The old one is gone: nothing to wait for.
  if (!h.from->connection.connected() || h.overlap.full()) return true;
  if (now - *h.settled_at < overlap_least) return false;
  return std::ranges::all_of(books_, [&h](const auto& b) {
    if (b.second->on != h.from || !b.second->keeper.live()) return true;
    const auto joining = h.overlap.books().find(b.first);
    return joining != h.overlap.books().end() && joining->second.live();
  });
}

void market_feed::check_handovers() {
  const auto now = parts_.parts.timers.get_clock().now();
  std::erase_if(handovers_, [&](auto& h) {
    if (h->switched_at) return now - *h->switched_at >= overlap_memory;
    if (!h->to->session.settled())
      h->settled_at.reset();
    else if (!h->settled_at)
      h->settled_at = now;
    if (is_ready(*h, now)) {
      switch_over(*h, now);
      return false;
    }
    if (now < h->give_up_at) return false;
    log.warn("stream could not be replaced in time", {{"stream", stream_}});
    const auto wanted = h->to->session.wanted();
    for (const auto& t : wanted) h->to->session.unwant(t);
    h->to->connection.poke();
    return true;
  });
}

void market_feed::switch_over(handover& h, steady_time now) {
  h.switched_at = now;
  for (auto& [topic, place] : places_)
    if (place == h.from) place = h.to;
  auto rest = h.overlap.switch_over();
  std::vector<std::shared_ptr<kept_book>> moved;
  for (auto& [symbol, book] : books_) {
    if (book->on != h.from) continue;
    moved.push_back(book);
    book->on = h.to;
    h.told_books.emplace(symbol, book->keeper.last_update_id());
    if (const auto joining = h.overlap.books().find(symbol); joining != h.overlap.books().end())
      book->keeper = std::move(joining->second);
    else
      book->keeper.reset();
  }
  h.overlap.books().clear();
  const auto left = h.from->session.wanted();
  for (const auto& t : left) h.from->session.unwant(t);
  h.from->connection.poke();
  ++handovers_done_;
  log.info("stream replaced", {{"stream", stream_}, {"trades_handed_over", rest.trades.size()}});
  // Subscribers may come and go from here on.
  for (auto& book : moved)
    if (!book->gone && book->keeper.live() && !h.is_behind(*book)) publish(*book, now);
  for (auto& t : rest.tickers) hub_.publish(t);
  for (auto& t : rest.trades) publish(std::move(t));
  for (auto& c : rest.candles) publish(std::move(c));
}

}  // namespace drover::exchanges
