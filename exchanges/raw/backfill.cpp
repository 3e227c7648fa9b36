#include "exchanges/raw/backfill.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "base/log.hpp"
#include "exchanges/raw/raw_interpreter.hpp"
#include "exchanges/raw/redaction.hpp"

namespace drover::exchanges {

namespace {

const logger log("raw");
/// Numbers of one gap that are followed one by one; longer gaps are never "filled" whole in one go.
constexpr std::int64_t tracked_limit = 100'000;

constexpr nanoseconds clock_margin = 60s;
/// Times of trades are rounded: the next page begins a little before the last one ended.
constexpr nanoseconds page_overlap = 1ms;

std::int64_t number_of(const std::string& id) {
  std::int64_t value = 0;
  auto [end, failure] = std::from_chars(id.data(), id.data() + id.size(), value);
  return failure == std::errc() && end == id.data() + id.size() ? value : 0;
}

bool is_final(const error& e) {
  using enum exchange_errc;
  return e.code == make_error_code(unsupported) || e.code == make_error_code(instrument_unknown) || e.code == errc::not_found ||
         e.code == make_error_code(refused);
}

std::string count_text(std::size_t found, std::int64_t wanted) {
  return std::to_string(found) + " of " + std::to_string(wanted);
}

/// Which of the numbered missing things were found.
class found_numbers {
 public:
  found_numbers(std::int64_t first, std::int64_t last) : first_(first), last_(last) {}
  void add(std::int64_t number) {
    if (number >= first_ && number <= last_ && std::ssize(found_) < tracked_limit) found_.insert(number);
  }
  std::int64_t wanted() const { return last_ - first_ + 1; }
  bool all() const { return std::ssize(found_) == wanted(); }
  std::size_t count() const { return found_.size(); }
  /// The first one that is still missing.
  std::int64_t next() const {
    auto at = first_;
    for (auto number : found_) {
      if (number != at) break;
      ++at;
    }
    return at;
  }

 private:
  std::int64_t first_, last_;
  std::set<std::int64_t> found_;
};

/// Page by page through the trades of a gap: forward by id or time, or back from its end, as the venue lets us.
class trade_search {
 public:
  explicit trade_search(const open_gap& gap)
      : gap_(gap),
        numbered_(gap.first_missing > 0),
        numbers_(gap.first_missing, gap.last_missing),
        since_(gap.from - clock_margin),
        until_(gap.to + clock_margin),
        oldest_(gap.to) {}

  venue_call next_call() const {
    venue_call call;
    call.op = operation::trades;
    call.symbol = gap_.symbol;
    call.since = since_;
    call.until = until_;
    return call;
  }
  /// The id behind which the first missing one is.
  std::string next_id() const { return std::to_string(numbers_.next() - 1); }

  /// False when these led no further.
  bool take(const std::vector<public_trade>& trades) {
    const auto before = std::tuple(numbers_.count(), since_, until_);
    for (const auto& t : trades) {
      numbers_.add(number_of(t.trade_id));
      if (t.at >= gap_.from && t.at <= gap_.to && std::ssize(seen_) < tracked_limit) seen_.emplace(t.at, t.trade_id, t.price, t.quantity);
      oldest_ = std::min(oldest_, t.at);
      since_ = std::max(since_, t.at - page_overlap);
      until_ = std::min(until_, t.at + page_overlap);
    }
    return !trades.empty() && before != std::tuple(numbers_.count(), since_, until_);
  }
  bool done() const { return numbered_ ? numbers_.all() : oldest_ <= gap_.from; }

  std::pair<gap_state, std::string> conclude() const {
    if (!numbered_) return conclude_by_time();
    const auto text = count_text(numbers_.count(), numbers_.wanted()) + " trades";
    if (numbers_.all()) return {gap_state::filled, text};
    if (numbers_.count() > 0) return {gap_state::partly, text + "; the venue's list begins later"};
    return {gap_state::unfillable, "the venue's list of trades begins later"};
  }

 private:
  /// Without numbers the list reaches over the gap when it begins before it.
  std::pair<gap_state, std::string> conclude_by_time() const {
    const auto text = std::to_string(seen_.size()) + " trades";
    if (oldest_ <= gap_.from) return {gap_state::filled, text + " of that time"};
    if (!seen_.empty()) return {gap_state::partly, text + "; the venue's list begins at " + to_rfc3339(oldest_)};
    return {gap_state::unfillable, "the venue's list of trades begins later"};
  }

  const open_gap& gap_;
  bool numbered_;
  found_numbers numbers_;
  /// Pages overlap.
  std::set<std::tuple<wall_time, std::string, decimal, decimal>> seen_;
  /// Ours is the time at which the trades before were heard, which is later than when they were made.
  wall_time since_, until_, oldest_;
};

}  // namespace

std::string_view to_string(gap_state s) {
  switch (s) {
    case gap_state::open: return "open";
    case gap_state::filled: return "filled";
    case gap_state::partly: return "partly";
    case gap_state::unfillable: return "unfillable";
  }
  return "open";
}

backfiller::backfiller(timer_queue& timers, gap_store& store, backfill_source& source, backfill_config config)
    : timers_(timers), store_(store), source_(source), config_(config) {}

task<void> backfiller::run() {
  for (;;) {
    co_await sleep_for(timers_, config_.interval);
    auto settled = co_await run_once();
    if (!settled) log.warn("gaps cannot be looked at", {{"err", settled.error()}});
  }
}

task<result<int>> backfiller::run_once() {
  const auto now = timers_.get_clock().wall_now();
  auto due = co_await store_.list_due(now, config_.gaps_per_look);
  if (!due) co_return std::unexpected(std::move(due.error()));
  int settled = 0;
  for (auto& gap : *due) {
    auto said = co_await judge(gap);
    settled += said.state.has_value();
    auto written = co_await write(std::move(gap), std::move(said));
    if (!written) co_return std::unexpected(std::move(written.error()));
  }
  co_return settled;
}

task<result<void>> backfiller::write(open_gap gap, verdict said) {
  if (said.state) {
    if (*said.state == gap_state::filled) ++statistics_.filled;
    if (*said.state == gap_state::partly) ++statistics_.partly;
    if (*said.state == gap_state::unfillable) ++statistics_.unfillable;
    co_return co_await store_.settle(std::move(gap), *said.state, std::move(said.outcome));
  }
  ++statistics_.postponed;
  nanoseconds wait = config_.retry_floor;
  for (int i = 0; i < gap.attempts && wait < config_.retry_ceiling; ++i) wait *= 2;
  const auto at = timers_.get_clock().wall_now() + std::min<nanoseconds>(wait, config_.retry_ceiling);
  co_return co_await store_.postpone(std::move(gap), at, std::move(said.outcome));
}

/// By the gap's kind; only trades and candles of the past are for sale.
task<backfiller::verdict> backfiller::judge(open_gap gap) {
  const auto last_attempt = gap.attempts + 1 >= config_.attempt_limit;
  verdict said{gap_state::unfillable, {}};
  if (gap.channel == "poll") {
    said.outcome = "a moment that has passed cannot be polled";
  } else if (gap.channel == to_string(operation::book) || gap.reason.starts_with("order book")) {
    said.outcome = "the past of an order book is not to be had; it began anew from a snapshot";
  } else if (gap.channel == to_string(operation::trades) && !gap.symbol.empty()) {
    said = co_await fill_trades(gap);
  } else if (gap.channel == to_string(operation::candles) && !gap.symbol.empty()) {
    said = co_await fill_candles(gap);
  } else if (gap.stream.ends_with(private_stream_ending)) {
    auto own = co_await judge_private(gap);
    said = own ? std::move(*own) : verdict{std::nullopt, own.error().to_string()};
  } else if (gap.stream.ends_with(market_stream_ending)) {
    said.outcome = "prices of the past are not to be had; missing trades and candles have rows of their own";
  } else {
    said.outcome = "an answer that did not arrive cannot be asked for again";
  }
  if (!said.state && last_attempt) said.state = gap_state::unfillable;
  co_return said;
}

task<result<backfiller::verdict>> backfiller::judge_private(open_gap gap) {
  auto read = co_await store_.fills_read_since(std::string(exchange_of(gap.stream)), gap.account, gap.to);
  if (!read) co_return std::unexpected(std::move(read.error()));
  if (*read) co_return verdict{gap_state::filled, "fills were read over REST after the stream came back"};
  const auto age = timers_.get_clock().wall_now() - gap.noted_at;
  if (age < config_.reconciliation_limit) co_return verdict{std::nullopt, "waits for the account's reconciliation"};
  co_return verdict{gap_state::unfillable, "no account was reconciled since"};
}

task<backfiller::verdict> backfiller::fill_trades(open_gap gap) {
  trade_search search(gap);
  bool from_id = gap.first_missing > 0;
  for (int request = 0; request < config_.request_limit; ++request) {
    auto call = search.next_call();
    if (from_id) call.after = search.next_id();
    const std::string exchange(exchange_of(gap.stream));
    auto answer = co_await source_.fetch(exchange, std::move(call));
    if (!answer) {
      // A list from an id on may be closed to the public: the latest trades are not.
      const bool refused = is_final(answer.error()) || answer.error().code == make_error_code(exchange_errc::bad_credentials);
      if (refused && std::exchange(from_id, false)) continue;
      if (refused) co_return verdict{gap_state::unfillable, answer.error().to_string()};
      co_return verdict{std::nullopt, answer.error().to_string()};
    }
    const auto* trades = std::get_if<std::vector<public_trade>>(&*answer);
    if (!trades || !search.take(*trades) || search.done()) break;
  }
  auto [state, outcome] = search.conclude();
  co_return verdict{state, std::move(outcome)};
}

task<backfiller::verdict> backfiller::fill_candles(open_gap gap) {
  const auto interval = parse_candle_interval(gap.interval);
  if (!interval) co_return verdict{gap_state::unfillable, "the interval '" + gap.interval + "' is not known"};
  const nanoseconds length = length_of(*interval);
  const auto first = gap.from.since_epoch / length;
  const auto last = std::max(first, (gap.to.since_epoch - nanoseconds(1)) / length);
  found_numbers found(first, last);
  bool reached_end = false;
  auto since = wall_time{length * first};
  for (int request = 0; request < config_.request_limit && !found.all() && !reached_end; ++request) {
    venue_call call;
    call.op = operation::candles;
    call.symbol = gap.symbol;
    call.interval = *interval;
    call.since = since;
    const std::string exchange(exchange_of(gap.stream));
    auto answer = co_await source_.fetch(exchange, std::move(call));
    if (!answer) {
      if (is_final(answer.error())) co_return verdict{gap_state::unfillable, answer.error().to_string()};
      co_return verdict{std::nullopt, answer.error().to_string()};
    }
    const auto* list = std::get_if<std::vector<candle>>(&*answer);
    if (!list || list->empty()) break;
    auto furthest = since;
    auto nearest = list->front().opens_at;
    for (const auto& c : *list) {
      found.add(c.opens_at.since_epoch / length);
      furthest = std::max(furthest, c.opens_at);
      nearest = std::min(nearest, c.opens_at);
    }
    reached_end = furthest.since_epoch / length > last && nearest.since_epoch / length <= first;
    if (furthest <= since) break;
    since = furthest + length;
  }
  const auto text = count_text(found.count(), found.wanted()) + " candles";
  if (found.all()) co_return verdict{gap_state::filled, text};
  // Venues leave out intervals without a trade: a list that spans the gap has all there is.
  if (reached_end) co_return verdict{gap_state::filled, text + "; the venue has no others"};
  if (found.count() > 0) co_return verdict{gap_state::partly, text};
  co_return verdict{gap_state::unfillable, "the venue has no candles of that time"};
}

}  // namespace drover::exchanges
