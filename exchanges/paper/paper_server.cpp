#include "exchanges/paper/paper_server.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <span>

#include "base/files.hpp"
#include "base/log.hpp"
#include "base/task_scope.hpp"
#include "exchanges/paper/control_api.hpp"
#include "exchanges/paper/dialects.hpp"
#include "exchanges/paper/state_file.hpp"
#include "exchanges/paper/venue_router.hpp"

namespace drover::exchanges::paper {

namespace {

constexpr nanoseconds depth_interval = 100ms, second_interval = 1s, save_interval = 1s;
/// Recorded events played in one turn.
constexpr int replay_batch = 256;
constexpr nanoseconds replay_pause_check = 20ms, replay_shortest_wait = 1ms;
constexpr std::size_t state_limit_bytes = std::size_t{4} * 1024 * 1024 * 1024;

net::http_server_config make_server_config(const paper_config& c, std::uint16_t port) {
  net::http_server_config out;
  out.address = c.address;
  out.port = port;
  out.tls_certificate_file = c.tls_certificate_file;
  out.tls_key_file = c.tls_key_file;
  out.connection_limit = out.connections_per_address = 60'000;
  out.body_limit_bytes = 1024 * 1024;
  out.target_limit_bytes = 32 * 1024;
  out.header_limit_bytes = 64 * 1024;
  out.idle_deadline = 60s;
  out.requests_per_connection = std::numeric_limits<int>::max();
  out.websocket.send_queue_limit_bytes = 32 * 1024 * 1024;
  return out;
}

class server final : public paper_server {
 public:
  server(executor ex, timer_queue& timers, random_source& random, const clock& clock, paper_config config)
      : executor_(ex), timers_(timers), config_(std::move(config)), log_("paper"), venue_(config_, clock, random), work_(ex),
        scope_(ex, "paper") {}

  result<void> start() override {
    if (auto opened = venue_.open(); !opened) return opened;
    if (auto made = make_dialects(); !made) return made;
    if (auto restored = restore(); !restored) return restored;
    auto token = read_token();
    if (!token) return std::unexpected(token.error());
    venue_.begin();
    venue_.on_earlier_work([this] { work_.notify(); });
    control_ = std::make_unique<control_api>(venue_, make_pointers(), std::move(*token));
    if (auto started = start_servers(); !started) return started;
    scope_.spawn("generator", run_every(config_.step_interval, &simulated_venue::step_generator));
    scope_.spawn("depth", run_every(depth_interval, &simulated_venue::publish_depth));
    scope_.spawn("seconds", run_every(second_interval, &simulated_venue::publish_second));
    scope_.spawn("later", run_later());
    if (!config_.recordings.empty()) scope_.spawn("recording", run_recording());
    if (!config_.state_file.empty()) scope_.spawn("state", run_state());
    return {};
  }

  std::uint16_t port() const override { return servers_.front()->port(); }

  std::vector<venue_port> venue_ports() const override {
    std::vector<venue_port> out;
    for (std::size_t i = 0; i < dialects_.size(); ++i) {
      const std::string name(dialects_[i]->name());
      if (config_.port_per_venue)
        out.push_back({name, servers_[i]->port(), ""});
      else
        out.push_back({name, port(), "/" + name});
    }
    return out;
  }

  task<void> stop(nanoseconds limit) override {
    scope_.stop();
    co_await scope_.join();
    for (auto& s : servers_) co_await s->stop(limit);
    if (!config_.state_file.empty()) save();
  }

 private:
  /// The wanted ones, the default first; those that share a port with it follow under their prefixes.
  result<void> make_dialects() {
    std::vector<std::string> wanted = config_.venues;
    for (const auto known : dialect_names())
      if ((wanted.empty() || !config_.port_per_venue) && std::ranges::find(wanted, known) == wanted.end()) wanted.emplace_back(known);
    for (const auto& name : wanted) {
      auto made = make_dialect(name, venue_);
      if (!made) return fail(errc::not_found, "there is no venue '" + name + "'");
      dialects_.push_back(std::move(made));
    }
    return {};
  }

  std::vector<dialect*> make_pointers() const {
    std::vector<dialect*> out;
    for (const auto& d : dialects_) out.push_back(d.get());
    return out;
  }

  result<void> start_servers() {
    const auto all = make_pointers();
    const std::span<dialect* const> none;
    const std::size_t count = config_.port_per_venue ? all.size() : 1;
    for (std::size_t i = 0; i < count; ++i) {
      auto router = std::make_shared<venue_router>(venue_, *control_, *all[i], config_.port_per_venue ? none : std::span(all), timers_);
      const std::uint16_t port = i == 0 ? config_.port : std::uint16_t{0};
      servers_.push_back(net::make_http_server(executor_, timers_, make_server_config(config_, port), std::move(router)));
      if (auto started = servers_.back()->start(); !started) return started;
    }
    return {};
  }

  /// Runs what dialects have put off.
  task<void> run_later() {
    for (;;) {
      const auto due = venue_.next_due();
      if (due)
        co_await work_.wait_until(timers_, *due);
      else
        co_await work_.wait();
      venue_.run_due();
    }
  }

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
  wake_event work_;
  /// The default one first.
  std::vector<std::unique_ptr<dialect>> dialects_;
  std::unique_ptr<control_api> control_;
  /// One, or one a dialect, in the same order.
  std::vector<std::unique_ptr<net::http_server>> servers_;
  std::uint64_t saved_revision_ = 0;
  task_scope scope_;
};

}  // namespace

std::unique_ptr<paper_server> make_paper_server(executor ex, timer_queue& timers, random_source& random, const clock& clock,
                                                paper_config config) {
  return std::make_unique<server>(ex, timers, random, clock, std::move(config));
}

}  // namespace drover::exchanges::paper
