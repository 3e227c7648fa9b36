#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/task_scope.hpp"
#include "web/metrics.hpp"
#include "web/web_server.hpp"
#include "web/ws/dashboard_session.hpp"
#include "web/ws/user_channel.hpp"

namespace drover::web::ws {

/// All open dashboard sockets: who hears what, sequence numbers, resume, slow readers, revocation. Web thread only; the
/// post_ functions may be called from any thread.
class hub : public std::enable_shared_from_this<hub> {
public:
  /// `parts` and `metrics` outlive the hub.
  hub(const web_config&, web_parts& parts, web_metrics& metrics);

  /// Starts the sweep.
  void start();
  /// Ends what the hub itself runs; sockets are closed by the HTTP server.
  task<void> stop();

  /// The handler of a new socket; it joins when the handshake is done.
  std::shared_ptr<net::websocket_handler> make_session(topic, std::optional<tenants::principal>, std::string address);
  /// False when the address has too many sockets that nobody has authenticated.
  bool may_wait(const std::string& address) const;

  void post(engine::earnings_event);
  void post(engine::bot_status);
  void post_check(user_id);
  void publish(const engine::earnings_event&);
  void publish(const engine::bot_status&);
  /// Closes those sockets of the user that are no longer allowed.
  void check(user_id);

  bool is_connected(user_id) const;
  std::array<socket_counts, topic_count> counts() const;

  // For dashboard_session.
  void add(dashboard_session&);
  void remove(dashboard_session&);
  void join(dashboard_session&);
  void resume(dashboard_session&, std::int64_t seq);
  void close_later(dashboard_session&);
  const web_config& config() const { return config_; }
  web_parts& parts() const { return parts_; }
  web_metrics& metrics() const { return metrics_; }
  steady_time now() const { return parts_.timers.get_clock().now(); }
  frame make_heartbeat() const;

private:
  void publish_to(user_channel&, channel_message);
  bool is_slow(dashboard_session&);
  void start_snapshot(dashboard_session&);
  task<void> run_snapshot(std::shared_ptr<dashboard_session>, std::int64_t seq);
  task<result<void>> send_snapshot(std::shared_ptr<dashboard_session>, std::int64_t seq);
  void catch_up(dashboard_session&);
  bool is_stale() const;
  void sweep();
  void sweep_slow();
  void schedule_sweep();
  void drop_idle_channels(steady_time now);
  std::int64_t first_seq();

  const web_config& config_;
  web_parts& parts_;
  web_metrics& metrics_;
  std::unordered_map<user_id, user_channel> channels_;
  std::vector<dashboard_session*> sessions_;
  std::vector<dashboard_session*> slow_;
  std::unordered_map<std::string, int> waiting_by_address_;
  std::uint64_t next_session_;
  std::int64_t last_first_seq_ = 0;
  bool told_stale_ = false;
  steady_time sweep_due_;
  std::optional<timer_id> sweep_timer_, slow_timer_;
  task_scope scope_;
};

}  // namespace drover::web::ws
