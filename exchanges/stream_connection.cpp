#include "exchanges/stream_connection.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/log.hpp"

namespace drover::exchanges {

namespace {
const logger log("exchanges");
/// A connection that lived so long was a good one: the next failure starts with short waits again.
constexpr nanoseconds stable_after = 30s;
}  // namespace

stream_connection::stream_connection(const exchange_parts& parts, stream_config config, stream_protocol& protocol)
    : parts_(parts),
      config_(std::move(config)),
      protocol_(protocol),
      connect_wanted_(parts.executor),
      sender_wanted_(parts.executor),
      backoff_(config_.backoff_floor, config_.backoff_ceiling) {}

void stream_connection::poke() {
  connect_wanted_.notify();
  sender_wanted_.notify();
}

task<result<std::unique_ptr<websocket_client>>> stream_connection::connect() {
  auto target = co_await config_.find_target();
  if (!target) co_return std::unexpected(std::move(target.error()));
  co_await pass_gate();
  websocket_options options;
  options.source_address = std::move(target->source_address);
  auto connected = co_await parts_.websockets.connect(std::move(target->url), std::move(options));
  if (!config_.gate) co_return connected;
  probing_ = false;
  if (connected)
    config_.gate->succeeded();
  else
    config_.gate->failed(connected.error().to_string(), parts_.timers.get_clock().now());
  co_return connected;
}

/// Who waits comes back at a moment of its own: a venue that is there again is not stormed.
task<void> stream_connection::pass_gate() {
  constexpr nanoseconds least_wait = 1s;
  while (config_.gate) {
    const auto now = parts_.timers.get_clock().now();
    const auto verdict = config_.gate->ask(now);
    probing_ = verdict == circuit_breaker::verdict::probe;
    if (verdict != circuit_breaker::verdict::refuse) break;
    const auto spread = parts_.random.below(static_cast<std::uint64_t>(circuit_breaker::default_pause.count()));
    const auto wait = std::max(config_.gate->wait(now), least_wait) + nanoseconds(spread);
    co_await sleep_for(parts_.timers, wait);
  }
}

stream_connection::~stream_connection() {
  if (probing_) config_.gate->abandoned();
}

task<void> stream_connection::run() {
  // Started again after it threw: what was open then is not read any more.
  if (client_) closed("a fault of its own");
  for (;;) {
    while (!protocol_.wants_connection()) co_await connect_wanted_.wait();
    auto connected = co_await connect();
    if (!connected) {
      log.warn("stream could not connect", {{"stream", config_.name}, {"err", connected.error()}});
      if (!lost_at_) {
        lost_at_ = parts_.timers.get_clock().wall_now();
        lost_reason_ = connected.error().to_string();
      }
      co_await pause();
      continue;
    }
    client_ = std::move(*connected);
    opened();
    auto reason = co_await receive_all(client_);
    bool on_purpose = !protocol_.wants_connection();
    closed(reason);
    if (!on_purpose) co_await pause();
  }
}

task<void> stream_connection::pause() {
  auto wait = backoff_.next(parts_.random);
  co_await sleep_for(parts_.timers, wait);
}

void stream_connection::opened() {
  const auto& clock = parts_.timers.get_clock();
  opened_at_ = clock.now();
  last_frame_wall_ = clock.wall_now();
  auto tenth = static_cast<std::uint64_t>(config_.life_limit.count() / 10);
  renew_at_ = opened_at_ + config_.life_limit - nanoseconds(parts_.random.below(tenth + 1));
  renewal_told_ = false;
  if (lost_at_) {
    if (!protocol_.notes_gaps()) parts_.recorder.record_gap(config_.name, *lost_at_, clock.wall_now(), lost_reason_);
    lost_at_.reset();
  }
  log.info("stream connected", {{"stream", config_.name}});
  protocol_.on_open(opened_at_);
  sender_wanted_.notify();
}

void stream_connection::closed(std::string_view reason) {
  const auto& clock = parts_.timers.get_clock();
  client_.reset();
  sender_wanted_.notify();
  if (clock.now() - opened_at_ >= stable_after) backoff_.reset();
  if (protocol_.wants_connection()) {
    ++reconnects_;
    // What came after the last frame is unknown: a silent connection may have been dead for the whole idle limit.
    lost_at_ = last_frame_wall_;
    lost_reason_ = reason;
    log.warn("stream lost", {{"stream", config_.name}, {"reason", reason}});
  }
  protocol_.on_close(reason, clock.now());
}

task<std::string> stream_connection::receive_all(std::shared_ptr<websocket_client> client) {
  const auto& clock = parts_.timers.get_clock();
  for (;;) {
    auto frame = co_await client->receive(config_.idle_limit);
    if (!frame) co_return frame.error().to_string();
    auto now = clock.now();
    last_frame_at_ = now;
    last_frame_wall_ = clock.wall_now();
    parts_.recorder.record(
        {raw_kind::ws_frame, config_.name, {}, protocol_.account_of(*frame), 0, *frame});
    try {
      protocol_.on_message(*frame, now);
    } catch (const std::exception& e) {
      // A subscriber's mistake must not end everybody's stream.
      log.error("a stream message could not be handled", {{"stream", config_.name}, {"err", e.what()}});
    }
    sender_wanted_.notify();
  }
}

bool stream_connection::is_due(steady_time now) {
  if (now < renew_at_) return false;
  if (!config_.on_renewal || std::exchange(renewal_told_, true)) return true;
  renew_at_ = now + config_.handover_limit;
  config_.on_renewal();
  return false;
}

task<void> stream_connection::run_sender() {
  for (;;) {
    auto client = client_;
    if (!client) {
      co_await sender_wanted_.wait();
      continue;
    }
    auto now = parts_.timers.get_clock().now();
    auto action = protocol_.next_action(now);
    if (!protocol_.wants_connection()) action.give_up = "nothing is subscribed";
    if (action.give_up.empty() && is_due(now)) action.give_up = "renewed before the exchange ends it";
    for (auto& frame : action.frames) {
      auto sent = co_await client->send(std::move(frame));
      if (!sent) break;
    }
    if (!action.give_up.empty()) {
      log.info("stream closing", {{"stream", config_.name}, {"reason", action.give_up}});
      co_await client->close();
      // receive_all() reports the end; until then there is nothing to say on this connection.
      while (client_ == client) co_await sender_wanted_.wait();
      continue;
    }
    auto wake_at = action.wake_at ? std::min(*action.wake_at, renew_at_) : renew_at_;
    co_await sender_wanted_.wait_until(parts_.timers, wake_at);
  }
}

}  // namespace drover::exchanges
