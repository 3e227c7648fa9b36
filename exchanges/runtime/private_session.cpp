#include "exchanges/runtime/private_session.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.hpp"

namespace drover::exchanges {

namespace {

const logger log("exchanges");
constexpr std::uint64_t log_every = 1000;
constexpr std::size_t reply_limit = 64;

void keep_earlier(std::optional<steady_time>& at, steady_time other) { at = at ? std::min(*at, other) : other; }

}  // namespace

private_session::private_session(parts p) : parts_(std::move(p)) {}

void private_session::end() { ended_ = true; }

void private_session::tell(const account_event& event) {
  if (auto* c = coverage()) {
    if (std::holds_alternative<stream_opened>(event)) c->opened(parts_.label);
    if (const auto* lost = std::get_if<stream_lost>(&event)) c->lost(parts_.label, lost->reason);
  }
  if (!ended_) parts_.on_event(event);
}

void private_session::on_open(steady_time now) {
  now_ = now;
  last_sent_at_ = stage_sent_at_ = now;
  stage_ = 0;
  stage_sent_ = open_ = false;
  broken_.clear();
  replies_.clear();
  retry_at_.reset();
  parts_.wire->open();
}

void private_session::on_close(std::string_view reason, steady_time now) {
  now_ = now;
  const bool was_open = std::exchange(open_, false);
  if (auto* c = coverage()) c->lost(parts_.label, reason);
  if (was_open) tell(stream_lost{std::string(reason)});
}

stream_protocol::action private_session::next_action(steady_time now) {
  now_ = now;
  action out;
  out.frames = std::exchange(replies_, {});
  const auto& habits = parts_.wire->habits();
  if (broken_.empty() && !open_ && stage_sent_ && now - stage_sent_at_ >= habits.answer_limit)
    broken_ = "no answer to a login or subscription";
  if (broken_.empty() && !open_ && !stage_sent_) {
    auto frames = parts_.make_frames(*parts_.wire, stage_, access_.get());
    if (frames) {
      std::ranges::move(*frames, std::back_inserter(out.frames));
      stage_sent_ = true;
      stage_sent_at_ = now;
    } else {
      on_refused(std::move(frames.error()));
    }
  }
  out.give_up = broken_;
  if (!out.give_up.empty()) return out;
  auto interval = access_ && access_->ping_interval ? access_->ping_interval : habits.ping_interval;
  if (out.frames.empty() && interval && now - last_sent_at_ >= *interval) {
    auto ping = parts_.wire->make_ping(next_ping_++);
    if (!ping.empty()) out.frames.push_back(std::move(ping));
    last_sent_at_ = now;
  }
  if (!out.frames.empty()) last_sent_at_ = now;
  if (interval) keep_earlier(out.wake_at, last_sent_at_ + *interval);
  if (!open_ && stage_sent_) keep_earlier(out.wake_at, stage_sent_at_ + habits.answer_limit);
  return out;
}

void private_session::on_message(std::string_view frame, steady_time now) {
  now_ = now;
  if (auto* c = coverage()) c->heard();
  const auto table = parts_.instruments();
  private_events& self = *this;
  auto read = parts_.wire->read(frame, *table, self);
  if (read) return;
  // A lost report would be a silent gap: the stream is begun anew, and the account told.
  if (unreadable_++ % log_every == 0)
    log.warn("unreadable private frame", {{"account", parts_.label}, {"count", unreadable_}, {"err", read.error()}});
  if (broken_.empty()) broken_ = "an event could not be read";
}

void private_session::on_stage_done() {
  if (open_ || !stage_sent_) return;
  ++stage_;
  stage_sent_ = false;
  if (stage_ < parts_.wire->stages()) return;
  open_ = true;
  told_lost_ = false;
  refusals_.reset();
  tell(stream_opened{});
}

void private_session::on_refused(error e) {
  nanoseconds wait = refusals_.next(parts_.random);
  if (e.retry_after) wait = std::max<nanoseconds>(wait, *e.retry_after);
  retry_at_ = now_ + wait;
  broken_ = "refused: " + e.to_string();
  log.warn("private stream refused", {{"account", parts_.label}, {"err", e}});
  parts_.on_refusal(e);
  // An open stream hears it when the connection is gone.
  if (!open_ && !std::exchange(told_lost_, true)) tell(stream_lost{e.to_string()});
}

void private_session::refuse_access(const error& e, steady_time now) {
  now_ = now;
  on_refused(e);
  broken_.clear();
}

void private_session::on_order(order_event e) { tell(std::move(e)); }
void private_session::on_fill(fill_event e) { tell(std::move(e)); }
void private_session::on_balances(balance_event e) { tell(std::move(e)); }

void private_session::on_reply_wanted(std::string frame) {
  if (replies_.size() < reply_limit)
    replies_.push_back(std::move(frame));
  else
    broken_ = "the exchange asks for more replies than it takes";
}

void private_session::on_broken(std::string reason) { broken_ = reason.empty() ? "the exchange ended the stream" : std::move(reason); }

}  // namespace drover::exchanges
