#include "exchanges/runtime/market_feed_detail.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/backoff.hpp"
#include "base/log.hpp"
#include "exchanges/runtime/steady_part.hpp"

namespace drover::exchanges {

namespace {
const logger log("exchanges");
/// The deepest checksum that a venue computes is over 25 levels (OKX); the wire takes what it needs.
constexpr std::size_t checksum_depth = 25;
}  // namespace

market_feed::market_feed(const feed_parts& parts)
    : parts_(parts),
      stream_(parts.config.name + ".market"),
      continuity_(parts.parts.recorder, parts.parts.timers.get_clock(), stream_,
                  numbers_trades_one_by_one(parts.protocol.traits().name)),
      hub_(parts.scope, [this](const market_topic& t, bool wanted) { change_interest(t, wanted); }) {}

market_feed::~market_feed() {
  for (const auto& timer : {check_, handover_check_})
    if (timer) parts_.parts.timers.cancel(*timer);
}

market_feed::line& market_feed::find_line(market_channel channel) {
  const auto wire = parts_.protocol.make_market_wire();
  const int group = wire->group_of(channel);
  const auto limit = std::max<std::size_t>(wire->habits().topics_per_connection, 1);
  for (auto& l : lines_) {
    // Topics that come now do not take part in a handover that has begun.
    const auto* h = find_handover(*l);
    const bool busy = h && (h->from == l.get() || !h->overlap.switched());
    if (l->group == group && l->session.size() < limit && !busy) return *l;
  }
  return add_line(group);
}

market_feed::line& market_feed::add_line(int group) {
  auto wire = parts_.protocol.make_market_wire();
  const auto configure = [this, habits = wire->habits()](line& l) {
    stream_config config;
    config.find_target = [this, on = &l] { return find_target(on); };
    config.name = stream_;
    config.idle_limit = habits.idle_limit;
    config.life_limit = habits.life_limit;
    config.on_renewal = [this, on = &l] { begin_handover(*on); };
    config.gate = &parts_.stream_gate;
    return config;
  };
  auto& l = *lines_.emplace_back(std::make_unique<line>(
      group, stream_, std::move(wire), [this] { return parts_.instruments.known(); }, *this, parts_.parts, configure));
  spawn_steadily(parts_.scope, "market stream", stream_, parts_.parts, [&l] { return l.connection.run(); });
  spawn_steadily(parts_.scope, "market stream sender", stream_, parts_.parts, [&l] { return l.connection.run_sender(); });
  return l;
}

task<result<stream_target>> market_feed::find_target(line* on) {
  // Events name instruments, so the table comes first.
  auto table = co_await parts_.instruments.get();
  if (!table) co_return std::unexpected(std::move(table.error()));
  const auto& traits = parts_.protocol.traits();
  if (traits.public_stream_needs_access) {
    venue_call ask;
    ask.op = operation::stream_access;
    ask.market_stream = true;
    auto answer = co_await parts_.gateway.call(std::move(ask), lane::entry);
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    auto* access = std::get_if<std::shared_ptr<const stream_access>>(&*answer);
    if (!access || !*access) co_return fail(exchange_errc::protocol, "the exchange gave no address for its stream");
    on->access = *access;
    on->session.set_ping_interval(on->access->ping_interval);
  }
  const auto deadline = parts_.parts.timers.get_clock().now() + connect_patience;
  auto grant = co_await parts_.ledger.acquire(lane::entry, traits.connect_charges, {}, {}, deadline);
  if (!grant) co_return std::unexpected(std::move(grant.error()));
  stream_target target;
  target.url = on->session.wire().make_url(parts_.config.stream_url, on->group, on->access.get());
  target.source_address = parts_.ledger.source_address(grant->source);
  co_return target;
}

void market_feed::change_interest(const market_topic& t, bool wanted) {
  if (wanted) {
    auto& l = find_line(t.channel);
    places_[t] = &l;
    if (t.channel == market_channel::book) {
      books_[t.symbol] = std::make_shared<kept_book>(t.symbol, l, parts_.parts.timers.get_clock().now());
      schedule_check();
    }
    l.session.want(t);
    l.connection.poke();
    return;
  }
  leave_topic(t);
}

void market_feed::leave_topic(const market_topic& t) {
  const auto place = places_.find(t);
  if (place == places_.end()) return;
  if (t.channel == market_channel::trades) continuity_.forget(operation::trades, t.symbol);
  if (t.channel == market_channel::candles) continuity_.forget(operation::candles, t.symbol);
  if (t.channel == market_channel::book) {
    if (const auto book = books_.find(t.symbol); book != books_.end()) {
      book->second->gone = true;
      books_.erase(book);
    }
  }
  if (auto* h = find_handover(*place->second)) {
    if (t.channel == market_channel::book) h->overlap.books().erase(t.symbol);
    h->to->session.unwant(t);
    h->to->connection.poke();
  }
  place->second->session.unwant(t);
  place->second->connection.poke();
  places_.erase(place);
}

void market_feed::publish(std::shared_ptr<const public_trade> v) {
  continuity_.on_trade(*v);
  hub_.publish(v);
}
void market_feed::publish(std::shared_ptr<const candle_update> v) {
  continuity_.on_candle(v->candle, v->closed);
  hub_.publish(v);
}

void market_feed::on_ticker(line& l, std::shared_ptr<const book_ticker> v) {
  auto* h = find_handover(l);
  if (!h || h->overlap.admit(h->side(l), v)) hub_.publish(v);
}
void market_feed::on_trade(line& l, std::shared_ptr<const public_trade> v) {
  auto* h = find_handover(l);
  if (!h || h->overlap.admit(h->side(l), v)) publish(std::move(v));
}
void market_feed::on_candle(line& l, std::shared_ptr<const candle_update> v) {
  auto* h = find_handover(l);
  if (!h || h->overlap.admit(h->side(l), v)) publish(std::move(v));
}

void market_feed::on_stale(line& l, const market_topic& t) {
  // What is on its way to the other connection, or not yet from there, is not lost with this one.
  const auto place = places_.find(t);
  if (place == places_.end() || place->second != &l) {
    if (auto* h = find_handover(l); h && t.channel == market_channel::book) h->overlap.books().erase(t.symbol);
    return;
  }
  if (t.channel == market_channel::trades) continuity_.on_break(operation::trades, t.symbol);
  if (t.channel == market_channel::candles) continuity_.on_break(operation::candles, t.symbol);
  if (t.channel == market_channel::book)
    if (const auto found = books_.find(t.symbol); found != books_.end()) found->second->keeper.reset();
  hub_.forget(t);
}

void market_feed::on_book(line& l, book_update update, steady_time now) {
  const auto found = books_.find(update.symbol);
  if (found == books_.end()) return;
  const auto kept = found->second;
  auto& book = *kept;
  auto* h = find_handover(l);
  if (book.on != &l) {
    if (!h || h->to != &l || h->overlap.switched()) return;
    const auto symbol = update.symbol;
    h->overlap.books().try_emplace(symbol, l.session.wire().books()).first->second.on_update(std::move(update));
    return join_book(*h, symbol);
  }
  const auto checksum = update.checksum;
  const auto done = book.keeper.on_update(std::move(update));
  // A change before the whole is a sign of life only where the whole comes from elsewhere.
  if (done != book_keeper::outcome::buffered || book.keeper.needs_snapshot()) book.heard_at = now;
  if (done == book_keeper::outcome::gap) {
    lose(book, "an update is missing");
  } else if (done == book_keeper::outcome::applied) {
    if (checksum && !agrees(book, *checksum)) {
      book.keeper.reset();
      lose(book, "the checksum does not agree");
    } else if (!h || !h->is_behind(book)) {
      publish(book, now);
    }
  }
  if (h && !h->overlap.switched()) join_book(*h, book.symbol);
  if (book.keeper.needs_snapshot() && !book.fetching && !book.gone) {
    book.fetching = true;
    spawn_steadily(parts_.scope, "order book", stream_ + " " + kept->symbol, parts_.parts, [this, kept] { return run_snapshot(kept); });
  }
}

bool market_feed::agrees(const kept_book& book, std::uint32_t checksum) const {
  const auto instrument = parts_.instruments.known()->find(book.symbol);
  if (!instrument) return true;
  const auto bids = book.keeper.book().top(side::buy, checksum_depth);
  const auto asks = book.keeper.book().top(side::sell, checksum_depth);
  return book.on->session.wire().verify(bids, asks, *instrument, checksum);
}

void market_feed::publish(kept_book& book, steady_time now) {
  book.changed_wall = parts_.parts.timers.get_clock().wall_now();
  auto view = std::make_shared<book_view>();
  view->symbol = book.symbol;
  view->bids = book.keeper.book().top(side::buy, book_view::depth);
  view->asks = book.keeper.book().top(side::sell, book_view::depth);
  view->update_id = book.keeper.last_update_id();
  view->received_at = now;
  hub_.publish(std::shared_ptr<const book_view>(std::move(view)));
}

/// The book is void: what was missed is noted, and the whole is asked for anew.
void market_feed::lose(kept_book& book, std::string_view reason) {
  const auto now = parts_.parts.timers.get_clock().wall_now();
  const auto since = book.changed_wall == wall_time{} ? now : book.changed_wall;
  log.warn("order book lost its thread", {{"stream", stream_}, {"symbol", book.symbol}, {"reason", reason}});
  parts_.parts.recorder.record_gap(stream_, since, now, "order book " + book.symbol + ": " + std::string(reason));
  start_over(book);
}

void market_feed::start_over(kept_book& book) {
  const market_topic topic{market_channel::book, book.symbol, candle_interval::m1};
  book.heard_at = parts_.parts.timers.get_clock().now();
  if (!book.on->session.wire().books().snapshot_by_rest) {
    book.on->session.renew(topic);
    book.on->connection.poke();
  }
  hub_.forget(topic);
}

task<void> market_feed::run_snapshot(std::shared_ptr<kept_book> book) {
  backoff pause(snapshot_floor, snapshot_ceiling);
  while (!book->gone && book->keeper.needs_snapshot()) {
    venue_call ask;
    ask.op = operation::book;
    ask.symbol = book->symbol;
    auto answer = co_await parts_.gateway.call(std::move(ask), lane::read);
    if (book->gone) co_return;
    const auto* snapshot = answer ? std::get_if<book_snapshot>(&*answer) : nullptr;
    if (snapshot && book->keeper.needs_snapshot() && book->keeper.on_snapshot(*snapshot)) {
      publish(*book, parts_.parts.timers.get_clock().now());
      break;
    }
    if (!answer) log.warn("order book could not be read", {{"symbol", book->symbol}, {"err", answer.error()}});
    const nanoseconds drawn = pause.next(parts_.parts.random);
    const auto wait = std::max<nanoseconds>(drawn, snapshot_floor);
    co_await sleep_for(parts_.parts.timers, wait);
  }
  book->fetching = false;
}

void market_feed::schedule_check() {
  if (check_) return;
  check_ = parts_.parts.timers.call_after(book_check_interval, [this] {
    check_.reset();
    check_books();
    if (!books_.empty()) schedule_check();
  });
}

void market_feed::check_books() {
  const auto now = parts_.parts.timers.get_clock().now();
  std::vector<std::shared_ptr<kept_book>> silent;
  for (auto& [symbol, book] : books_)
    if (book->on->connection.connected() && now - book->heard_at >= book_silence_limit) silent.push_back(book);
  for (auto& book : silent) {
    log.info("order book is silent; it is subscribed anew", {{"stream", stream_}, {"symbol", book->symbol}});
    book->keeper.reset();
    book->on->session.renew({market_channel::book, book->symbol, candle_interval::m1});
    book->on->connection.poke();
    start_over(*book);
  }
}

std::uint64_t market_feed::reconnects() const {
  std::uint64_t sum = 0;
  for (const auto& l : lines_) sum += l->connection.reconnects();
  return sum;
}

std::optional<milliseconds> market_feed::silence(steady_time now) const {
  std::optional<milliseconds> longest;
  for (const auto& l : lines_) {
    const auto last = l->connection.last_frame_at();
    if (!l->session.wants_connection() || !last) continue;
    const auto age = std::chrono::ceil<milliseconds>(now - *last);
    longest = std::max(longest.value_or(age), age);
  }
  return longest;
}

std::string market_feed::describe_refusals() const {
  std::vector<std::pair<market_topic, std::string>> all;
  for (const auto& l : lines_) std::ranges::move(l->session.refusals(), std::back_inserter(all));
  if (all.empty()) return {};
  std::string out = "the exchange refuses market data of";
  for (std::size_t i = 0; i < all.size() && i < named_refusals; ++i)
    out += (i == 0 ? " " : "; ") + all[i].first.symbol + " " + std::string(to_string(all[i].first.channel)) + " (" + all[i].second + ")";
  if (all.size() > named_refusals) out += "; and " + std::to_string(all.size() - named_refusals) + " more";
  return out;
}

std::optional<steady_time> market_feed::last_frame_at() const {
  std::optional<steady_time> latest;
  for (const auto& l : lines_)
    if (const auto last = l->connection.last_frame_at(); last && (!latest || *last > *latest)) latest = last;
  return latest;
}

}  // namespace drover::exchanges
