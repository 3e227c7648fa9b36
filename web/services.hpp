#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "engine/bots/bot_store.hpp"
#include "web/last_told.hpp"
#include "web/metrics.hpp"
#include "web/web_server.hpp"
#include "web/ws/hub.hpp"

namespace drover::web {

/// What handlers work with. Owned by the server; web thread.
struct services {
  services(web_config c, web_parts p)
      : config(std::move(c)),
        parts(std::move(p)),
        metrics(parts.version, parts.revision),
        sockets(std::make_shared<ws::hub>(config, parts, metrics)),
        started_at(parts.timers.get_clock().now()) {}

  /// Changed by adopt() only; hold no reference into it over a wait.
  web_config config;
  web_parts parts;
  web_metrics metrics;
  std::shared_ptr<ws::hub> sockets;
  steady_time started_at;
  /// Set from any thread.
  std::atomic<bool> draining = false;
  std::shared_ptr<const limits_report> last_limits;
  /// What the journal last said of all orders, and when.
  std::shared_ptr<const engine::order_journal::statistics> last_statistics;
  steady_time statistics_at;
  /// Set while a server listens.
  std::function<net::http_server::statistics()> connections;
  /// For while the database is away: about 1 KB a bot, 0.1 KB a total.
  last_told<std::vector<engine::bot>> last_bots{20'000};
  last_told<std::vector<tenants::earnings_total>> last_totals{100'000};

  void adopt(const web_config& fresh) {
    const auto tracked = config.limits.tracked_keys;
    config.limits = fresh.limits;
    config.limits.tracked_keys = tracked;
    config.allowed_origins = fresh.allowed_origins;
    config.trusted_proxies = fresh.trusted_proxies;
    config.behind_tls_proxy = fresh.behind_tls_proxy;
    config.websocket_auth_timeout = fresh.websocket_auth_timeout;
    config.unauthenticated_sockets_per_address = fresh.unauthenticated_sockets_per_address;
    config.login_locked = fresh.login_locked;
    config.confirm_after = fresh.confirm_after;
  }
  /// The database is away: what is told from memory may be old, and says so.
  bool is_stale() const { return parts.stale && parts.stale(); }
  bool behind_tls() const { return config.behind_tls_proxy || !config.server.tls_certificate_file.empty(); }
};

/// All figures of this moment.
metrics_snapshot take_snapshot(services&);

}  // namespace drover::web
