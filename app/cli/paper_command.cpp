#include <fmt/core.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <nlohmann/json.hpp>

#include "app/cli/commands.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "base/task_scope.hpp"
#include "base/json.hpp"

namespace drover::app {
namespace {

constexpr nanoseconds stop_limit = 3s;

task<void> run_until_signal(asio::signal_set& signals, exchanges::paper::paper_server& server) {
  co_await signals.async_wait(asio::use_awaitable);
  co_await server.stop(stop_limit);
}

bool announce(const paper_command& command, const exchanges::paper::paper_server& server) {
  const auto url = [&](std::uint16_t port) {
    return fmt::format("{}://{}:{}", command.config.tls_key_file.empty() ? "http" : "https", command.config.address, port);
  };
  json ready{{"http", url(server.port())}, {"pid", getpid()}, {"venues", json::object()}};
  for (const auto& v : server.venue_ports()) ready["venues"][v.venue] = url(v.port) + v.prefix;
  fmt::print("{}\n", ready.dump());
  std::fflush(stdout);
  if (command.ready_file.empty()) return true;
  auto written = system_files().write_atomically(command.ready_file, ready.dump() + "\n");
  if (!written) fmt::print(stderr, "engine paper: {}\n", written.error().to_string());
  return written.has_value();
}

}  // namespace

int run_paper(const global_options&, const paper_command& command) {
  configure_logging({});
  asio::io_context io(1);
  auto timers = make_timer_queue(io.get_executor(), system_clock());
  auto server = exchanges::paper::make_paper_server(io.get_executor(), *timers, system_random(), system_clock(), command.config);
  asio::signal_set signals(io, SIGINT, SIGTERM);
  auto started = server->start();
  if (!started) {
    fmt::print(stderr, "engine paper: cannot start: {}\n", started.error().detail);
    return exit_unavailable;
  }
  if (!announce(command, *server)) return exit_failed;
  task_scope scope(io.get_executor(), "paper");
  scope.spawn("signals", run_until_signal(signals, *server));
  io.run();
  return exit_ok;
}

}  // namespace drover::app
