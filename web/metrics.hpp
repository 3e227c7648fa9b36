#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "engine/bots/bot_status.hpp"
#include "engine/orders/order_journal.hpp"
#include "web/exchange_limits.hpp"
#include "web/process_statistics.hpp"
#include "web/ws/topic.hpp"

namespace drover::web {

/// Open sockets of one topic.
struct socket_counts {
  std::int64_t authenticated = 0, waiting = 0;
};

/// Figures that are read when somebody asks for /metrics.
struct metrics_snapshot {
  process_statistics process;
  std::map<engine::bot_state, std::int64_t> bots;
  /// Since the process started, and of the last minutes.
  engine::order_statistics orders, recent_orders;
  /// Of the database; absent: it could not be asked.
  std::shared_ptr<const engine::order_journal::statistics> journal;
  std::array<socket_counts, ws::topic_count> sockets{};
  std::size_t users = 0, http_connections = 0;
  std::shared_ptr<const limits_report> limits;
  bool trading_locked = false, login_locked = false;
  std::size_t active_kills = 0;
};

/// Counters of the web in Prometheus' model, named as operators' dashboards expect them. Labels never carry users.
/// Web thread only.
class web_metrics {
public:
  web_metrics(std::string_view version, std::string_view revision);
  ~web_metrics();

  void request_started();
  /// `route` is the pattern, a literal ("unmatched" for none).
  void request_ended(std::string_view method, std::string_view route, int status, nanoseconds duration);
  /// `method`: password, token, socket. `result`: ok, refused.
  void count_auth(std::string_view method, std::string_view result);
  void count_sent(ws::topic);
  /// `reason`: conflated, queue_full.
  void count_dropped(ws::topic, std::string_view reason);
  /// Fill received → frame handed to the socket.
  void observe_push(nanoseconds);
  void observe_loop_lag(nanoseconds);

  /// Prometheus text format.
  std::string render(const metrics_snapshot&);

private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace drover::web
