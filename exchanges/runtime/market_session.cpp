#include "exchanges/runtime/market_session.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.hpp"

namespace drover::exchanges {

namespace {

const logger log("exchanges");
/// Unreadable frames are all recorded; the log names one in so many.
constexpr std::uint64_t log_every = 1000;
/// Frames of the venue's that want a reply: more than these at once mean a broken connection.
constexpr std::size_t reply_limit = 64;

void keep_earlier(std::optional<steady_time>& at, steady_time other) { at = at ? std::min(*at, other) : other; }

}  // namespace

market_session::market_session(std::string name, std::unique_ptr<market_wire> wire, instrument_source instruments,
                               market_sink& sink)
    : name_(std::move(name)), wire_(std::move(wire)), instruments_(std::move(instruments)), sink_(sink) {}

void market_session::want(const market_topic& t) {
  if (!wire_->streams(t)) return refuse_for_good(t);
  if (!wanted_.insert(t).second) return;
  if (t.channel == market_channel::ticker) tickers_.try_emplace(t.symbol, 0);
  if (to_leave_.contains(t) && asked_.contains(t))
    to_leave_.erase(t);
  else
    to_join_.insert(t);
}

void market_session::unwant(const market_topic& t) {
  refused_.erase(t);
  if (wanted_.erase(t) == 0) return;
  if (t.channel == market_channel::ticker) tickers_.erase(t.symbol);
  suspects_.erase(t);
  to_join_.erase(t);
  if (asked_.contains(t)) to_leave_.insert(t);
}

void market_session::renew(const market_topic& t) {
  if (!wanted_.contains(t) || !asked_.contains(t)) return;
  to_leave_.insert(t);
  to_join_.insert(t);
}

void market_session::on_open(steady_time now) {
  now_ = next_message_at_ = last_sent_at_ = now;
  broken_.clear();
  connected_ = true;
  replies_ = wire_->open();
  for (auto& [symbol, last] : tickers_) last = 0;
}

void market_session::on_close(std::string_view, steady_time now) {
  now_ = now;
  connected_ = false;
  asked_.clear();
  to_leave_.clear();
  open_requests_.clear();
  replies_.clear();
  to_join_ = wanted_;
  for (const auto& [t, r] : refused_)
    if (r.retry_at) to_join_.erase(t);
  const auto stale = wanted_;
  for (const auto& t : stale) sink_.on_stale(t);
}

std::optional<nanoseconds> market_session::ping_interval() const {
  return ping_interval_ ? ping_interval_ : wire_->habits().ping_interval;
}

void market_session::admit_refused(steady_time now) {
  for (auto& [t, r] : refused_)
    if (r.retry_at && *r.retry_at <= now) {
      r.retry_at.reset();
      to_join_.insert(t);
    }
}

std::size_t market_session::bite_of(const market_topic& t) const {
  const auto limit = std::max<std::size_t>(wire_->habits().topics_per_message, 1);
  const auto suspect = suspects_.find(t);
  return suspect == suspects_.end() ? limit : std::min(limit, suspect->second);
}

/// Topics of one channel and interval, and equally suspect: what one message may name.
std::vector<market_topic> market_session::take_batch(std::set<market_topic>& from) const {
  std::vector<market_topic> batch;
  for (auto at = from.begin(); at != from.end() && (batch.empty() || batch.size() < bite_of(batch.front()));) {
    const bool fits = batch.empty() || (at->channel == batch.front().channel && at->interval == batch.front().interval &&
                                        bite_of(*at) == bite_of(batch.front()));
    if (!fits) {
      ++at;
      continue;
    }
    batch.push_back(*at);
    at = from.erase(at);
  }
  return batch;
}

std::string market_session::make_request(bool subscribe, std::vector<market_topic> topics, steady_time now) {
  const auto id = next_id_++;
  auto frame = wire_->make_subscription(subscribe, topics, id);
  for (const auto& t : topics) {
    if (subscribe)
      asked_.insert(t);
    else
      asked_.erase(t);
  }
  open_requests_.emplace(id, request{subscribe, {topics.begin(), topics.end()}, now, frames_heard_, false});
  return frame;
}

stream_protocol::action market_session::next_action(steady_time now) {
  now_ = now;
  action out;
  out.frames = std::exchange(replies_, {});
  out.give_up = broken_;
  if (!out.give_up.empty()) return out;
  const auto& habits = wire_->habits();
  if (!open_requests_.empty() && !settle_unanswered(now)) {
    out.give_up = "no answer to a subscription";
    return out;
  }
  admit_refused(now);
  for (const auto& [t, r] : refused_)
    if (r.retry_at) keep_earlier(out.wake_at, *r.retry_at);
  const bool busy = !to_leave_.empty() || !to_join_.empty();
  if (busy && now >= next_message_at_) {
    // Leaving first: what is renewed must have ended before it begins.
    const bool leave = !to_leave_.empty();
    auto batch = take_batch(leave ? to_leave_ : to_join_);
    out.frames.push_back(make_request(!leave, std::move(batch), now));
  }
  if (!open_requests_.empty()) keep_earlier(out.wake_at, open_requests_.begin()->second.sent_at + habits.answer_limit);
  const auto interval = ping_interval();
  if (out.frames.empty() && interval && now - last_sent_at_ >= *interval) {
    auto ping = wire_->make_ping(next_id_++);
    if (!ping.empty()) out.frames.push_back(std::move(ping));
    last_sent_at_ = now;
  }
  if (!out.frames.empty()) {
    last_sent_at_ = now;
    next_message_at_ = now + habits.message_interval;
  }
  if (!to_leave_.empty() || !to_join_.empty()) keep_earlier(out.wake_at, std::max(next_message_at_, now));
  if (interval) keep_earlier(out.wake_at, last_sent_at_ + *interval);
  return out;
}

void market_session::on_message(std::string_view frame, steady_time now) {
  now_ = now;
  ++frames_heard_;
  const auto table = instruments_();
  market_events& self = *this;
  auto read = wire_->read(frame, *table, self);
  if (!read && unreadable_++ % log_every == 0)
    log.warn("unreadable market frame", {{"stream", name_}, {"count", unreadable_}, {"err", read.error()}});
}

void market_session::on_ticker(book_ticker t) {
  const auto found = tickers_.find(t.symbol);
  if (found == tickers_.end()) return;
  if (t.update_id > 0 && t.update_id <= found->second) return;
  found->second = t.update_id;
  t.received_at = now_;
  sink_.on_ticker(std::make_shared<const book_ticker>(std::move(t)));
}

void market_session::on_trade(public_trade t) { sink_.on_trade(std::make_shared<const public_trade>(std::move(t))); }

void market_session::on_book(book_update u) { sink_.on_book(std::move(u), now_); }

void market_session::on_candle(candle c, bool closed) {
  sink_.on_candle(std::make_shared<const candle_update>(candle_update{std::move(c), closed}));
}

void market_session::accept(const market_topic& t) {
  refused_.erase(t);
  suspects_.erase(t);
}

void market_session::refuse(const market_topic& t, const error& e) {
  asked_.erase(t);
  to_leave_.erase(t);
  if (!wanted_.contains(t)) return;
  suspects_[t] = 1;
  auto& r = refused_[t];
  r.pause = r.pause == 0ns ? refusal_floor : std::min(2 * r.pause, refusal_ceiling);
  r.retry_at = now_ + r.pause;
  r.reason = e.to_string();
  log.warn("market data is refused", {{"stream", name_}, {"symbol", t.symbol}, {"channel", to_string(t.channel)}, {"err", e}});
}

void market_session::refuse_for_good(const market_topic& t) {
  const error e(exchange_errc::unsupported, "the exchange has no such stream");
  if (!refused_.try_emplace(t, refusal{.reason = e.to_string()}).second) return;
  log.warn("market data is refused", {{"stream", name_}, {"symbol", t.symbol}, {"channel", to_string(t.channel)}, {"err", e}});
}

void market_session::ask_again(const market_topic& t) {
  asked_.erase(t);
  to_leave_.erase(t);
  if (wanted_.contains(t)) to_join_.insert(t);
}

/// One of these is bad, or more.
void market_session::divide(const std::set<market_topic>& topics, const error& e) {
  if (topics.size() == 1) return refuse(*topics.begin(), e);
  const auto half = (topics.size() + 1) / 2;
  for (const auto& t : topics) {
    ask_again(t);
    if (wanted_.contains(t)) suspects_[t] = half;
  }
}

bool market_session::settle_unanswered(steady_time now) {
  const auto oldest = open_requests_.begin();
  if (now - oldest->second.sent_at < wire_->habits().answer_limit) return true;
  const auto late = std::move(oldest->second);
  open_requests_.erase(oldest);
  // A connection that says nothing at all is dead, and no topic is to blame.
  if (late.subscribe && frames_heard_ > late.heard_before) divide(late.topics, error(exchange_errc::refused, "the exchange does not answer the subscription"));
  return late.partly_answered;
}

void market_session::on_answer(std::int64_t id, std::optional<error> refusal) {
  const auto found = open_requests_.find(id);
  if (found == open_requests_.end()) return;
  const auto done = std::move(found->second);
  open_requests_.erase(found);
  if (!done.subscribe) {
    if (refusal) log.warn("market subscription could not be ended", {{"stream", name_}, {"err", *refusal}});
    return;
  }
  if (refusal) return divide(done.topics, *refusal);
  for (const auto& t : done.topics) accept(t);
}

void market_session::on_topic_answer(const market_topic& t, std::optional<error> refusal) {
  for (auto at = open_requests_.begin(); at != open_requests_.end(); ++at) {
    if (at->second.topics.erase(t) == 0) continue;
    at->second.partly_answered = true;
    const bool subscribing = at->second.subscribe;
    if (at->second.topics.empty()) open_requests_.erase(at);
    if (!subscribing) return;
    return refusal ? refuse(t, *refusal) : accept(t);
  }
  if (refusal) log.warn("market subscription refused", {{"stream", name_}, {"symbol", t.symbol}, {"err", *refusal}});
}

void market_session::on_blame(std::int64_t id, const market_topic& t, std::optional<error> refusal) {
  const auto found = open_requests_.find(id);
  if (found == open_requests_.end()) return;
  if (!found->second.subscribe || !found->second.topics.contains(t))
    return on_answer(id, refusal ? std::move(*refusal) : error(exchange_errc::refused, "refused because of another subscription"));
  const auto done = std::move(found->second);
  open_requests_.erase(found);
  for (const auto& other : done.topics)
    if (other != t) ask_again(other);
  if (refusal)
    refuse(t, *refusal);
  else
    accept(t);
}

void market_session::on_refusal(error e) {
  std::vector<std::set<market_topic>> asked;
  std::erase_if(open_requests_, [&asked](auto& r) {
    if (r.second.subscribe) asked.push_back(std::move(r.second.topics));
    return r.second.subscribe;
  });
  if (asked.empty()) return on_broken("the exchange refused a message: " + e.to_string());
  for (const auto& topics : asked) divide(topics, e);
}

std::vector<std::pair<market_topic, std::string>> market_session::refusals() const {
  std::vector<std::pair<market_topic, std::string>> out;
  for (const auto& [t, r] : refused_) out.emplace_back(t, r.reason);
  return out;
}

void market_session::on_reply_wanted(std::string frame) {
  if (replies_.size() < reply_limit)
    replies_.push_back(std::move(frame));
  else
    broken_ = "the exchange asks for more replies than it takes";
}

void market_session::on_broken(std::string reason) { broken_ = reason.empty() ? "the exchange ended the stream" : std::move(reason); }

}  // namespace drover::exchanges
