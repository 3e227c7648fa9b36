#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/random.hpp"
#include "base/rate_limiter.hpp"
#include "base/task.hpp"
#include "base/timer.hpp"
#include "engine/bots/bot_status.hpp"
#include "engine/history/history_store.hpp"
#include "engine/orders/order_journal.hpp"
#include "net/http_server.hpp"
#include "tenants/accounts/account_service.hpp"
#include "tenants/audit/audit_store.hpp"
#include "tenants/earnings/earnings_store.hpp"
#include "tenants/idempotency/idempotency_store.hpp"
#include "tenants/proposals/proposal_service.hpp"
#include "tenants/users/login_service.hpp"
#include "tenants/users/registration_service.hpp"
#include "tenants/users/user_directory.hpp"
#include "web/bot_reports.hpp"
#include "web/connection_health.hpp"
#include "web/exchange_limits.hpp"
#include "web/market_facts.hpp"

namespace drover::engine {
class bot_service;
class room_service;
class trading_control;
}

namespace drover::web {

/// Budgets of calls, all but the last taken over by adopt(); per client address (an IPv6 /64 is one) while nobody is logged in, and per user afterwards.
struct web_limits {
  bool enabled = true;
  rate_limit address{100, 1'000};
  /// POST /client/login and the opening of sockets without a token, per address.
  rate_limit login{20, 100};
  rate_limit sockets{500, 2'000};
  rate_limit user_read{200, 1'000};
  rate_limit user_write{20, 100};
  /// Addresses and users remembered at once, 16 bytes each.
  std::size_t tracked_keys = 65'536;
};

/// web_server::adopt() takes over those marked (adopted).
struct web_config {
  /// A browser opens six connections; behind a proxy all of them come from its address, which is not counted.
  net::http_server_config server{.connections_per_address = 64};
  /// Folder of the built page; empty or missing = API only, "/" says how to build it.
  std::string page_folder;
  /// (adopted) Exact origins allowed to call the API (CORS) and to open WebSockets besides our own host ("https://dash.example").
  std::vector<std::string> allowed_origins;
  /// (adopted) Addresses of reverse proxies whose X-Forwarded-For is believed.
  std::vector<std::string> trusted_proxies;
  /// (adopted) A proxy in front speaks TLS: send Strict-Transport-Security. Implied by server.tls_certificate_file.
  bool behind_tls_proxy = false;
  web_limits limits;
  /// (adopted)
  milliseconds websocket_auth_timeout{5'000};
  milliseconds websocket_heartbeat{30'000};
  /// (adopted) Sockets of one address that nobody has authenticated yet; one more is refused with 429.
  int unauthenticated_sockets_per_address = 256;
  /// Messages kept per user for `resume` after a drop.
  std::size_t replay_limit = 64;
  /// Shown on the page: "paper" or "live".
  std::string environment = "live";
  /// (adopted)
  bool login_locked = false;
  /// (adopted) What a stolen token must not do asks for the password again when it was entered longer ago (SEC-29).
  milliseconds confirm_after{300'000};
};

/// One named readiness check: empty = fine, otherwise what is wrong.
struct readiness_check {
  std::string name;
  std::function<std::string()> problem;
};

/// Everything the web needs; references outlive it. Services are used on the web thread.
struct web_parts {
  drover::executor executor;
  timer_queue& timers;
  random_source& random;
  const clock& wall;
  tenants::user_store& users;
  tenants::user_directory& directory;
  tenants::login_service& login;
  tenants::registration_service& registration;
  tenants::second_factor_service& second_factor;
  tenants::account_service& accounts;
  tenants::earnings_store& earnings;
  engine::order_journal* journal;
  engine::bot_board& board;
  engine::order_counters& counters;
  std::vector<readiness_check> readiness;
  /// Of the build, for GET /version.
  std::string version, revision;
  /// Where the page is read from, once, in start(); and /proc/self.
  file_system& files = system_files();
  /// The request budgets of the exchanges; absent: none.
  limits_source limits;
  /// How accounts' connections are doing; absent: nothing is known.
  health_source health;
  engine::bot_service* bots = nullptr;
  engine::room_service* rooms = nullptr;
  /// What living bots know; absent: nothing is known.
  reports_source reports;
  /// Orders, fills and positions; absent: 503.
  engine::history_store* history = nullptr;
  /// Absent: positions have no price.
  prices_source prices;
  /// Absent: none are known.
  external_orders_source external_orders;
  /// What is shown may be old (the database is away); absent: never.
  std::function<bool()> stale;
  /// Emergency stops, locks and limits, called on its own thread; absent: nobody can lock anything.
  engine::trading_control* control = nullptr;
  /// What nobody does alone; absent: everybody does.
  tenants::proposal_service* proposals = nullptr;
  /// Id of the master key in use.
  std::function<std::string()> master_key{};
  /// Absent: 503.
  tenants::audit_store* audit = nullptr;
  drover::executor trading{};
  /// Requests that must not be carried out twice; absent: an Idempotency-Key is ignored.
  tenants::idempotency_store* idempotency = nullptr;
};

/// HTTP and WebSocket API and the page. Web thread only, except publish().
class web_server {
public:
  virtual ~web_server() = default;
  /// Listens. errc::io when the address cannot be bound. On the web thread, or
  /// before it runs.
  virtual result<void> start() = 0;
  virtual std::uint16_t port() const = 0;
  /// Pushes to the user's open sockets. Any thread.
  virtual void publish(engine::earnings_event) = 0;
  /// A bot's state changed: pushed to the user's dashboards. Any thread.
  virtual void publish(engine::bot_status) = 0;
  /// The user's sockets are checked again and closed (4401) when no longer allowed. Any thread.
  virtual void user_changed(user_id) = 0;
  /// The user has a socket open. Web thread.
  virtual bool is_connected(user_id) const = 0;
  /// Takes over what may change while it runs; the rest of the configuration stays as it was. Web thread.
  virtual void adopt(const web_config&) = 0;
  /// /readyz answers 503 from now on (drain). Any thread.
  virtual void set_draining() = 0;
  /// Answers what is in flight, closes sockets with 1001; everything is gone after `limit`. Web thread.
  virtual task<void> stop(nanoseconds limit) = 0;
};

/// Follows the directory's changes by itself: to be made before the directory is used.
std::unique_ptr<web_server> make_web_server(web_config, web_parts);

}  // namespace drover::web
