#include "app/sealed_engine.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <nlohmann/json.hpp>

#include "app/broker_services.hpp"
#include "app/operator_calls.hpp"
#include "app/process_hardening.hpp"
#include "app/signals.hpp"
#include "app/start_checks.hpp"
#include "base/log.hpp"
#include "base/task_scope.hpp"
#include "net/local_socket.hpp"
#include "web/sealed_server.hpp"

namespace drover::app {
namespace {

const logger& log() {
  static const logger instance("app");
  return instance;
}

constexpr nanoseconds stop_limit = 2s;
constexpr nanoseconds idle_interval = 10s;
/// One passphrase is tried at a time; more only cost memory.
constexpr std::size_t tries_waiting = 2;

}  // namespace

struct sealed_engine::state {
  explicit state(const settings& s)
      : config(s),
        timers(make_timer_queue(io.get_executor(), system_clock())),
        http(web::make_sealed_server(io.get_executor(), *timers, system_random(), s.web)),
        socket(net::make_local_server(io.get_executor(), *timers, s.operator_socket,
                                      [this](net::local_call call) { return answer(std::move(call)); })),
        broker(make_sealed_broker(io.get_executor(), *timers, s.broker)) {
    add_kill_signals(signals);
  }

  task<std::string> answer(net::local_call call) {
    json out = {{"ok", true}, {"sealed", true}};
    if (call.verb == "unseal") out = co_await unseal(std::move(call.attachment));
    if (call.verb != "unseal" && call.verb != "status" && call.verb != "seal")
      out = refuse_call("the engine is sealed; run engine unseal first");
    co_return out.dump();
  }

  task<json> unseal(secret passphrase) {
    std::move_only_function<result<std::vector<crypto::master_key>>()> work =
        [this, passphrase = std::move(passphrase)]() -> result<std::vector<crypto::master_key>> {
      const auto file = read_key_file(config.security);
      if (!file) return std::unexpected(file.error());
      return file->is_locked() ? file->unlock(passphrase) : file->keys();
    };
    auto tried = co_await workers.run(std::move(work));
    if (!tried) co_return refuse_call(tried.error().to_string());
    if (!*tried) {
      const auto& why = tried->error();
      log().warn("the engine stays sealed", {{"err", why}});
      co_return refuse_call(why.detail.empty() ? std::string(why.code.message()) : why.detail);
    }
    keys = std::move(**tried);
    unsealed.notify();
    co_return json{{"ok", true}, {"sealed", false}};
  }

  task<void> wait_for_signal() {
    for (int number = 0; number != SIGTERM && number != SIGINT;) number = co_await signals.async_wait(asio::use_awaitable);
    unsealed.notify();
  }

  task<void> feed_supervisor() {
    notify_supervisor("READY=1\nSTATUS=Sealed: waiting for engine unseal");
    const auto limit = milliseconds(watchdog_interval_ms());
    for (;;) {
      notify_supervisor("WATCHDOG=1");
      co_await sleep_for(*timers, limit > 0ms ? nanoseconds(limit) / 2 : idle_interval);
    }
  }

  /// The answer to who unsealed it goes out first.
  task<void> run() {
    co_await unsealed.wait();
    co_await socket->stop();
    if (broker) co_await broker->stop();
    co_await http->stop(stop_limit);
  }

  const settings& config;
  asio::io_context io{1};
  std::unique_ptr<timer_queue> timers;
  worker_pool workers{"unseal", 1, tries_waiting};
  /// All that the engine takes; what would reload or kill something has nothing to do here.
  asio::signal_set signals{io, SIGINT, SIGTERM, SIGHUP};
  wake_event unsealed{io.get_executor()};
  std::optional<std::vector<crypto::master_key>> keys;
  std::unique_ptr<net::http_server> http;
  std::unique_ptr<net::local_server> socket;
  std::unique_ptr<net::line_server> broker;
};

sealed_engine::sealed_engine(const settings& s) : state_(std::make_unique<state>(s)) {}
sealed_engine::~sealed_engine() = default;

result<void> sealed_engine::start() {
  auto reachable = state_->socket->open();
  if (!reachable) return reachable;
  auto broking = state_->broker ? state_->broker->open() : result<void>();
  if (!broking) return broking;
  auto listening = state_->http->start();
  if (!listening) return listening;
  state_->socket->start();
  if (state_->broker) state_->broker->start();
  return {};
}

std::uint16_t sealed_engine::port() const {
  return state_->http->port();
}

std::optional<std::vector<crypto::master_key>> sealed_engine::run_until_unsealed() {
  auto& s = *state_;
  log().warn("the engine is sealed: no bot runs until an operator unseals it", {{"socket", s.config.operator_socket}});
  task_scope beside(s.io.get_executor(), "sealed");
  beside.spawn("signals", s.wait_for_signal());
  beside.spawn("supervisor", s.feed_supervisor());
  task_scope scope(s.io.get_executor(), "main");
  scope.spawn("sealed", s.run());
  while (scope.size() > 0) s.io.run_one();
  beside.stop();
  while (beside.size() > 0) s.io.run_one();
  if (s.keys) log().info("the engine is unsealed");
  return std::move(s.keys);
}

}  // namespace drover::app
