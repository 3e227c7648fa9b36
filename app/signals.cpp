#include "app/signals.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>

#include "app/process_hardening.hpp"

namespace drover::app {
namespace {

void kill_on_signal(executor trading, engine::trading_control& control, engine::halt_verb verb, std::string signal) {
  asio::post(trading, [&control, verb, signal = std::move(signal)] {
    control.kill_later({.user = {}, .is_admin = true, .through = "signal " + signal}, {.verb = verb, .scope = {}, .reason = signal});
  });
}

}  // namespace

void add_kill_signals(asio::signal_set& signals) {
  signals.add(SIGUSR1);
  signals.add(SIGUSR2);
}

task<void> run_signals(asio::signal_set& signals, configuration_reload& reload, executor trading, engine::trading_control& control) {
  for (;;) {
    const int number = co_await signals.async_wait(asio::use_awaitable);
    if (number == SIGTERM || number == SIGINT) break;
    if (number == SIGUSR1) kill_on_signal(trading, control, engine::halt_verb::halt, "SIGUSR1");
    if (number == SIGUSR2) kill_on_signal(trading, control, engine::halt_verb::cancel, "SIGUSR2");
    if (number != SIGHUP) continue;
    notify_supervisor("RELOADING=1");
    reload.run();
    notify_supervisor("READY=1");
  }
}

}  // namespace drover::app
