#include "exchanges/paper/paper_server.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <filesystem>

#include "base/files.hpp"
#include "base/log.hpp"
#include "base/task_scope.hpp"
#include "exchanges/paper/control_api.hpp"
#include "exchanges/paper/dialect.hpp"
#include "exchanges/paper/state_file.hpp"

namespace drover::exchanges::paper {

namespace {

constexpr nanoseconds depth_interval = 100ms, second_interval = 1s, save_interval = 1s;
/// How long half_open keeps a request without an answer, and timeout_after_placing when no time is given.
constexpr nanoseconds longest_silence = 10min, usual_silence = 30s;
/// Recorded events played in one turn.
constexpr int replay_batch = 256;
constexpr nanoseconds replay_pause_check = 20ms, replay_shortest_wait = 1ms;
constexpr std::size_t state_limit_bytes = std::size_t{4} * 1024 * 1024 * 1024;

net::http_server_config make_server_config(const paper_config& c) {
  net::http_server_config out;
  out.address = c.address;
  out.port = c.port;
  out.connection_limit = out.connections_per_address = 60'000;
  out.body_limit_bytes = 1024 * 1024;
  out.target_limit_bytes = 32 * 1024;
  out.header_limit_bytes = 64 * 1024;
  out.idle_deadline = 60s;
  out.requests_per_connection = std::numeric_limits<int>::max();
  out.websocket.send_queue_limit_bytes = 4 * 1024 * 1024;
  return out;
}

/// Routes requests to the control calls and the dialects, and lets faults strike the latter.
class paper_handler final : public net::http_handler {
 public:
  paper_handler(simulated_venue& venue, control_api& control, dialect& binance, timer_queue& timers)
      : venue_(venue), control_(control), binance_(binance), timers_(timers) {}

  task<net::http_response> handle(net::http_request request) override {
    if (request.path.starts_with("/paper/")) co_return control_.handle(request);
    if (!binance_.owns(request.path)) co_return make_error(404, "no such path");
    const auto struck = venue_.faults().strike_request(request.method, request.path, venue_.random());
    if (!struck) co_return binance_.handle(request);
    auto answer = co_await handle_faulty(std::move(request), *struck);
    co_return answer;
  }

  net::http_response make_error(int status, std::string_view detail) override {
    net::http_response out;
    out.status = status;
    out.headers = {{"Content-Type", "application/json"}};
    out.body = "{\"code\":-1000,\"msg\":\"" + std::string(detail) + "\"}";
    return out;
  }

 private:
  task<net::http_response> handle_faulty(net::http_request request, fault struck) {
    switch (struck.kind) {
      case fault_kind::latency: {
        co_await pause(struck.delay);
        co_return binance_.handle(request);
      }
      case fault_kind::error_after_placing: {
        binance_.handle(request);
        co_return binance_.make_fault_response(struck);
      }
      case fault_kind::timeout_after_placing: {
        binance_.handle(request);
        const nanoseconds silence = struck.delay > 0ms ? nanoseconds(struck.delay) : usual_silence;
        co_await pause(silence);
        co_return drop();
      }
      case fault_kind::half_open: {
        const nanoseconds silence = struck.delay > 0ms ? nanoseconds(struck.delay) : longest_silence;
        co_await pause(silence);
        co_return drop();
      }
      case fault_kind::reset: co_return drop();
      case fault_kind::garbage: {
        net::http_response out;
        out.headers = {{"Content-Type", "application/json;charset=UTF-8"}};
        out.body = "{\"symbol\":\"BTCUS\x01\xff<html>";
        co_return out;
      }
      default: co_return binance_.make_fault_response(struck);
    }
  }

  /// Ends early when the server stops.
  task<void> pause(nanoseconds duration) {
    try {
      co_await sleep_for(timers_, duration);
    } catch (const boost::system::system_error&) {
    }
  }

  static net::http_response drop() {
    net::http_response out;
    out.drop_connection = true;
    return out;
  }

  simulated_venue& venue_;
  control_api& control_;
  dialect& binance_;
  timer_queue& timers_;
};

class server final : public paper_server {
 public:
  server(executor ex, timer_queue& timers, random_source& random, const clock& clock, paper_config config)
      : executor_(ex), timers_(timers), config_(std::move(config)), log_("paper"), venue_(config_, clock, random), scope_(ex, "paper") {}

  result<void> start() override {
    if (auto opened = venue_.open(); !opened) return opened;
    if (auto restored = restore(); !restored) return restored;
    auto token = read_token();
    if (!token) return std::unexpected(token.error());
    venue_.begin();
    binance_ = make_binance_dialect(venue_);
    control_ = std::make_unique<control_api>(venue_, std::move(*token));
    auto handler = std::make_shared<paper_handler>(venue_, *control_, *binance_, timers_);
    http_ = net::make_http_server(executor_, timers_, make_server_config(config_), std::move(handler));
    if (auto started = http_->start(); !started) return started;
    scope_.spawn("generator", run_every(config_.step_interval, &simulated_venue::step_generator));
    scope_.spawn("depth", run_every(depth_interval, &simulated_venue::publish_depth));
    scope_.spawn("seconds", run_every(second_interval, &simulated_venue::publish_second));
    if (!config_.recordings.empty()) scope_.spawn("recording", run_recording());
    if (!config_.state_file.empty()) scope_.spawn("state", run_state());
    return {};
  }

  std::uint16_t port() const override { return http_->port(); }

  task<void> stop(nanoseconds limit) override {
    scope_.stop();
    co_await scope_.join();
    if (http_) co_await http_->stop(limit);
    if (!config_.state_file.empty()) save();
  }

 private:
  result<void> restore() {
    if (config_.state_file.empty() || !std::filesystem::exists(config_.state_file)) return {};
    auto text = system_files().read(config_.state_file, state_limit_bytes);
    if (!text) return std::unexpected(text.error());
    auto restored = restore_state(venue_, *text);
    if (restored) log_.info("state restored", {{"accounts", venue_.accounts().all().size()}});
    saved_revision_ = venue_.revision();
    return restored;
  }

  result<std::optional<secret>> read_token() {
    if (config_.control_token_file.empty()) return std::nullopt;
    auto token = read_secret_file(config_.control_token_file);
    if (!token) return std::unexpected(token.error());
    return std::optional<secret>(std::move(*token));
  }

  task<void> run_every(nanoseconds interval, void (simulated_venue::*work)()) {
    auto next = timers_.get_clock().now();
    for (;;) {
      // A market that fell behind does not catch up in a burst.
      next = std::max(next + interval, timers_.get_clock().now());
      co_await sleep_until(timers_, next);
      (venue_.*work)();
    }
  }

  /// Plays recorded events when their time has come: the recorder's time, scaled, minus pauses.
  task<void> run_recording() {
    auto position = venue_.player().next_at();
    auto before = timers_.get_clock().now();
    while (const auto next = venue_.player().next_at()) {
      const auto now = timers_.get_clock().now();
      const auto passed = std::chrono::duration<double, std::nano>(now - before) * config_.speed;
      before = now;
      if (venue_.paused()) {
        co_await sleep_for(timers_, replay_pause_check);
        continue;
      }
      *position = config_.speed > 0 ? *position + std::chrono::duration_cast<nanoseconds>(passed) : wall_time{nanoseconds::max()};
      play_until(*position);
      co_await sleep_for(timers_, replay_shortest_wait);
    }
    log_.info("recording ended; the market rests where it is");
  }

  void play_until(wall_time position) {
    for (int i = 0; i < replay_batch; ++i) {
      const auto next = venue_.player().next_at();
      if (!next || *next > position) return;
      if (auto played = venue_.player().play_next(venue_.now()); !played) log_.error("recording is damaged and ends here", {{"err", played.error()}});
    }
  }

  task<void> run_state() {
    for (;;) {
      co_await sleep_for(timers_, save_interval);
      if (venue_.revision() != saved_revision_) save();
    }
  }

  void save() {
    const auto revision = venue_.revision();
    auto written = system_files().write_atomically(config_.state_file, save_state(venue_));
    if (!written)
      log_.error("cannot write the state file", {{"err", written.error()}});
    else
      saved_revision_ = revision;
  }

  executor executor_;
  timer_queue& timers_;
  paper_config config_;
  logger log_;
  simulated_venue venue_;
  std::unique_ptr<dialect> binance_;
  std::unique_ptr<control_api> control_;
  std::unique_ptr<net::http_server> http_;
  std::uint64_t saved_revision_ = 0;
  task_scope scope_;
};

}  // namespace

std::unique_ptr<paper_server> make_paper_server(executor ex, timer_queue& timers, random_source& random, const clock& clock,
                                                paper_config config) {
  return std::make_unique<server>(ex, timers, random, clock, std::move(config));
}

}  // namespace drover::exchanges::paper
