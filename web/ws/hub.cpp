#include "web/ws/hub.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "base/log.hpp"
#include "web/bot_reason.hpp"
#include "web/client_address.hpp"

namespace drover::web::ws {

namespace {

const logger& log() {
  static const logger instance("web.sockets");
  return instance;
}

/// A reader with more than this waiting is told only the latest state, once it is below `drained_bytes` again.
constexpr std::size_t slow_bytes = 64 * 1024;
constexpr std::size_t drained_bytes = 16 * 1024;
constexpr milliseconds slow_interval{20};
/// So that somebody who guesses tokens waits, and the client reads the error before the close.
constexpr milliseconds refusal_delay{200};
/// How long messages are kept for a user without sockets.
constexpr seconds channel_hold{120};

template <class T>
void take_out(std::vector<T*>& list, T* item) {
  auto found = std::find(list.begin(), list.end(), item);
  if (found == list.end()) return;
  *found = list.back();
  list.pop_back();
}

}  // namespace

hub::hub(const web_config& config, web_parts& parts, web_metrics& metrics)
    : config_(config),
      parts_(parts),
      metrics_(metrics),
      next_session_(parts.random.next_u64()),
      scope_(parts.executor, "web sockets") {}

void hub::start() {
  schedule_sweep();
}

task<void> hub::stop() {
  scope_.stop();
  if (sweep_timer_) parts_.timers.cancel(*sweep_timer_);
  if (slow_timer_) parts_.timers.cancel(*slow_timer_);
  sweep_timer_.reset();
  slow_timer_.reset();
  co_await scope_.join();
}

std::shared_ptr<net::websocket_handler> hub::make_session(topic t, std::optional<tenants::principal> caller,
                                                          std::string address) {
  return std::make_shared<dashboard_session>(*this, t, next_session_++, std::move(caller), std::move(address));
}

bool hub::may_wait(const std::string& address) const {
  auto found = waiting_by_address_.find(rate_key_of(address));
  return found == waiting_by_address_.end() || found->second < config_.unauthenticated_sockets_per_address;
}

void hub::add(dashboard_session& s) {
  s.index = sessions_.size();
  sessions_.push_back(&s);
  ++waiting_by_address_[rate_key_of(s.waiting_address())];
}

void hub::remove(dashboard_session& s) {
  if (s.index < sessions_.size() && sessions_[s.index] == &s) {
    sessions_[s.index] = sessions_.back();
    sessions_[s.index]->index = s.index;
    sessions_.pop_back();
  }
  take_out(slow_, &s);
  if (s.channel) {
    take_out(s.channel->sessions, &s);
    if (s.channel->sessions.empty()) s.channel->empty_since = now();
    s.channel = nullptr;
    return;
  }
  auto waiting = waiting_by_address_.find(rate_key_of(s.waiting_address()));
  if (waiting != waiting_by_address_.end() && --waiting->second <= 0) waiting_by_address_.erase(waiting);
}

std::int64_t hub::first_seq() {
  // Microseconds of the wall clock: above everything that an earlier channel of this user, or an earlier process, can
  // have reached, and exact in a browser.
  auto micros = std::chrono::duration_cast<std::chrono::microseconds>(parts_.wall.wall_now().since_epoch).count();
  last_first_seq_ = std::max<std::int64_t>(last_first_seq_ + 1, micros);
  return last_first_seq_;
}

void hub::join(dashboard_session& s) {
  auto waiting = waiting_by_address_.find(rate_key_of(s.waiting_address()));
  if (waiting != waiting_by_address_.end() && --waiting->second <= 0) waiting_by_address_.erase(waiting);
  auto found = channels_.find(s.user());
  if (found == channels_.end()) found = channels_.emplace(s.user(), user_channel(s.user(), first_seq())).first;
  auto& channel = found->second;
  channel.sessions.push_back(&s);
  channel.empty_since.reset();
  s.channel = &channel;
  start_snapshot(s);
}

void hub::start_snapshot(dashboard_session& s) {
  s.snapshot_pending = true;
  s.told_until = s.channel->seq();
  scope_.spawn("snapshot", run_snapshot(s.shared_from_this(), s.channel->seq()));
}

task<void> hub::run_snapshot(std::shared_ptr<dashboard_session> s, std::int64_t seq) {
  auto sent = co_await send_snapshot(s, seq);
  bool wanted = std::exchange(s->snapshot_pending, false);
  if (!s->is_open() || !wanted) co_return;
  if (!sent) {
    log().warn("snapshot could not be read", {{"user", s->user()}, {"err", sent.error()}});
    s->send(make_error("unavailable", "the current state cannot be read at the moment; changes follow"));
  }
  catch_up(*s);
}

task<result<void>> hub::send_snapshot(std::shared_ptr<dashboard_session> s, std::int64_t seq) {
  result<std::vector<tenants::earnings_total>> totals;
  if (s->about() != topic::referrals) totals = co_await parts_.earnings.totals(s->user());
  if (!totals) co_return std::unexpected(totals.error());
  std::vector<engine::bot_status> bots;
  if (s->about() == topic::dashboard) {
    auto accounts = co_await parts_.accounts.store().list(s->user(), tenants::account_page{});
    if (!accounts) co_return std::unexpected(accounts.error());
    for (const auto& a : *accounts) bots.push_back(describe_bot(a, parts_.board));
  }
  // A resume that came meanwhile has told everything already.
  if (!s->is_open() || !s->snapshot_pending) co_return result<void>();
  auto at = parts_.wall.wall_now();
  for (const auto& total : *totals) s->send(make_earnings_snapshot(total, at, seq));
  for (const auto& bot : bots) s->send(make_bot_update(bot, seq, true));
  s->send(make_synced(seq, true, 0));
  co_return result<void>();
}

void hub::catch_up(dashboard_session& s) {
  if (!s.channel || !s.told_until) return;
  auto from = *s.told_until;
  s.told_until.reset();
  if (!s.channel->covers(from)) return start_snapshot(s);
  for (const auto& text : s.channel->latest_after(from, s.about())) s.send(text);
}

void hub::resume(dashboard_session& s, std::int64_t seq) {
  if (!s.channel->covers(seq)) {
    if (!s.snapshot_pending) start_snapshot(s);
    return;
  }
  s.snapshot_pending = false;
  s.told_until.reset();
  auto missed = s.channel->messages_after(seq, s.about());
  for (const auto& text : missed) s.send(text);
  s.send(make_synced(s.channel->seq(), false, missed.size()));
}

void hub::close_later(dashboard_session& s) {
  parts_.timers.call_after(refusal_delay, [weak = s.weak_from_this()] {
    if (auto alive = weak.lock()) alive->close(close_unauthorized, "authentication failed");
  });
}

void hub::post(engine::earnings_event event) {
  asio::post(parts_.executor, [weak = weak_from_this(), event = std::move(event)] {
    if (auto alive = weak.lock()) alive->publish(event);
  });
}

void hub::post(engine::bot_status status) {
  asio::post(parts_.executor, [weak = weak_from_this(), status = std::move(status)] {
    if (auto alive = weak.lock()) alive->publish(status);
  });
}

void hub::post_check(user_id user) {
  asio::post(parts_.executor, [weak = weak_from_this(), user] {
    if (auto alive = weak.lock()) alive->check(user);
  });
}

void hub::publish(const engine::earnings_event& event) {
  auto found = channels_.find(event.user);
  if (found == channels_.end()) return;
  auto seq = found->second.next_seq();
  topic_mask topics = mask_of(topic::dashboard) | mask_of(topic::earnings);
  publish_to(found->second,
             {seq, topics, "earnings:" + event.source + ":" + event.asset, make_earnings_update(event, seq)});
  if (event.received_at.since_start.count() > 0) metrics_.observe_push(now() - event.received_at);
}

void hub::publish(const engine::bot_status& status) {
  auto found = channels_.find(status.user);
  if (found == channels_.end()) return;
  auto seq = found->second.next_seq();
  auto key = "bot:" + std::to_string(status.account.value) + ":" + std::to_string(status.bot.value);
  publish_to(found->second, {seq, mask_of(topic::dashboard), key, make_bot_update(status, seq)});
}

void hub::publish_to(user_channel& channel, channel_message message) {
  const auto& kept = channel.keep(std::move(message), config_.replay_limit);
  for (auto i = channel.sessions.size(); i-- > 0;) {
    auto& s = *channel.sessions[i];
    if (!(kept.topics & mask_of(s.about())) || !s.is_open()) continue;
    if (s.told_until) {
      metrics_.count_dropped(s.about(), "conflated");
    } else if (is_slow(s)) {
      s.told_until = kept.seq - 1;
    } else {
      s.send(kept.text);
    }
  }
}

bool hub::is_slow(dashboard_session& s) {
  if (s.queued_bytes() <= slow_bytes) return false;
  if (std::find(slow_.begin(), slow_.end(), &s) == slow_.end()) slow_.push_back(&s);
  if (!slow_timer_)
    slow_timer_ = parts_.timers.call_after(slow_interval, [weak = weak_from_this()] {
      if (auto alive = weak.lock()) alive->sweep_slow();
    });
  return true;
}

void hub::sweep_slow() {
  slow_timer_.reset();
  for (auto i = slow_.size(); i-- > 0;) {
    auto& s = *slow_[i];
    if (s.is_open() && s.queued_bytes() > drained_bytes) continue;
    slow_[i] = slow_.back();
    slow_.pop_back();
    if (!s.snapshot_pending) catch_up(s);
  }
  if (slow_.empty() || slow_timer_) return;
  slow_timer_ = parts_.timers.call_after(slow_interval, [weak = weak_from_this()] {
    if (auto alive = weak.lock()) alive->sweep_slow();
  });
}

void hub::check(user_id user) {
  auto found = channels_.find(user);
  if (found == channels_.end()) return;
  auto& sessions = found->second.sessions;
  for (auto i = sessions.size(); i-- > 0;) {
    if (i >= sessions.size() || !sessions[i]->is_open() || sessions[i]->still_allowed()) continue;
    sessions[i]->close_unauthorized_because("session_ended", "the session has ended; log in again");
  }
}

void hub::schedule_sweep() {
  auto interval = std::clamp<nanoseconds>(config_.websocket_auth_timeout / 4, milliseconds(20), milliseconds(1000));
  sweep_due_ = now() + interval;
  sweep_timer_ = parts_.timers.call_at(sweep_due_, [weak = weak_from_this()] {
    if (auto alive = weak.lock()) alive->sweep();
  });
}

void hub::sweep() {
  auto at = now();
  metrics_.observe_loop_lag(at - sweep_due_);
  const bool tell_now = std::exchange(told_stale_, is_stale()) != is_stale();
  auto heartbeat = make_heartbeat();
  for (auto i = sessions_.size(); i-- > 0;)
    if (i < sessions_.size()) sessions_[i]->sweep(at, heartbeat, tell_now);
  drop_idle_channels(at);
  schedule_sweep();
}

bool hub::is_stale() const {
  return parts_.stale && parts_.stale();
}

frame hub::make_heartbeat() const {
  return ws::make_heartbeat(parts_.wall.wall_now(), is_stale());
}

void hub::drop_idle_channels(steady_time at) {
  std::erase_if(channels_, [&](const auto& entry) {
    const auto& since = entry.second.empty_since;
    return since && at - *since > channel_hold;
  });
}

bool hub::is_connected(user_id user) const {
  const auto found = channels_.find(user);
  return found != channels_.end() && !found->second.sessions.empty();
}

std::array<socket_counts, topic_count> hub::counts() const {
  std::array<socket_counts, topic_count> out{};
  for (const auto* s : sessions_) {
    auto& c = out[static_cast<std::size_t>(s->about())];
    ++(s->is_authenticated() ? c.authenticated : c.waiting);
  }
  return out;
}

}  // namespace drover::web::ws
