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
  if (!wanted_.insert(t).second) return;
  if (t.channel == market_channel::ticker) tickers_.try_emplace(t.symbol, 0);
  if (to_leave_.contains(t) && asked_.contains(t))
    to_leave_.erase(t);
  else
    to_join_.insert(t);
}

void market_session::unwant(const market_topic& t) {
  if (wanted_.erase(t) == 0) return;
  if (t.channel == market_channel::ticker) tickers_.erase(t.symbol);
  refused_.erase(t);
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
  replies_ = wire_->open();
  for (auto& [symbol, last] : tickers_) last = 0;
}

void market_session::on_close(std::string_view, steady_time now) {
  now_ = now;
  asked_.clear();
  to_leave_.clear();
  refused_.clear();
  open_requests_.clear();
  replies_.clear();
  to_join_ = wanted_;
  const auto stale = wanted_;
  for (const auto& t : stale) sink_.on_stale(t);
}

std::optional<nanoseconds> market_session::ping_interval() const {
  return ping_interval_ ? ping_interval_ : wire_->habits().ping_interval;
}

void market_session::admit_refused(steady_time now) {
  for (auto at = refused_.begin(); at != refused_.end();) {
    if (at->second > now) {
      ++at;
      continue;
    }
    to_join_.insert(at->first);
    at = refused_.erase(at);
  }
}

/// Topics of one channel and interval: what one message may name.
std::vector<market_topic> market_session::take_batch(std::set<market_topic>& from) const {
  std::vector<market_topic> batch;
  const auto limit = std::max<std::size_t>(wire_->habits().topics_per_message, 1);
  for (auto at = from.begin(); at != from.end() && batch.size() < limit;) {
    const bool fits = batch.empty() || (at->channel == batch.front().channel && at->interval == batch.front().interval);
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
  open_requests_.emplace(id, request{subscribe, {topics.begin(), topics.end()}, now});
  return frame;
}

stream_protocol::action market_session::next_action(steady_time now) {
  now_ = now;
  action out;
  out.frames = std::exchange(replies_, {});
  out.give_up = broken_;
  if (!out.give_up.empty()) return out;
  const auto& habits = wire_->habits();
  if (!open_requests_.empty()) {
    const auto oldest = open_requests_.begin()->second.sent_at;
    if (now - oldest >= habits.answer_limit) {
      out.give_up = "no answer to a subscription";
      return out;
    }
    keep_earlier(out.wake_at, oldest + habits.answer_limit);
  }
  admit_refused(now);
  for (const auto& [t, at] : refused_) keep_earlier(out.wake_at, at);
  const bool busy = !to_leave_.empty() || !to_join_.empty();
  if (busy && now >= next_message_at_) {
    // Leaving first: what is renewed must have ended before it begins.
    const bool leave = !to_leave_.empty();
    auto batch = take_batch(leave ? to_leave_ : to_join_);
    out.frames.push_back(make_request(!leave, std::move(batch), now));
  }
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

void market_session::refuse(const market_topic& t) {
  asked_.erase(t);
  to_leave_.erase(t);
  if (wanted_.contains(t)) refused_[t] = now_ + refusal_pause;
}

void market_session::on_answer(std::int64_t id, std::optional<error> refusal) {
  const auto found = open_requests_.find(id);
  if (found == open_requests_.end()) return;
  const auto done = std::move(found->second);
  open_requests_.erase(found);
  if (!refusal) return;
  log.warn("market subscription refused", {{"stream", name_}, {"err", *refusal}});
  if (done.subscribe)
    for (const auto& t : done.topics) refuse(t);
}

void market_session::on_topic_answer(const market_topic& t, std::optional<error> refusal) {
  bool subscribing = false;
  for (auto at = open_requests_.begin(); at != open_requests_.end(); ++at) {
    if (at->second.topics.erase(t) == 0) continue;
    subscribing = at->second.subscribe;
    if (at->second.topics.empty()) open_requests_.erase(at);
    break;
  }
  if (!refusal) return;
  log.warn("market subscription refused", {{"stream", name_}, {"symbol", t.symbol}, {"err", *refusal}});
  if (subscribing) refuse(t);
}

void market_session::on_reply_wanted(std::string frame) {
  if (replies_.size() < reply_limit)
    replies_.push_back(std::move(frame));
  else
    broken_ = "the exchange asks for more replies than it takes";
}

void market_session::on_broken(std::string reason) { broken_ = reason.empty() ? "the exchange ended the stream" : std::move(reason); }

}  // namespace drover::exchanges
