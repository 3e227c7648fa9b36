#include "app/io_thread.hpp"

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <exception>
#include <optional>
#include <thread>

#include "app/fatal_signals.hpp"
#include "base/log.hpp"

namespace drover::app {

struct io_thread::state {
  std::string name;
  asio::io_context io{1};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work{asio::make_work_guard(io)};
  std::thread thread;

  void run() {
    pthread_setname_np(pthread_self(), name.c_str());
    const signal_stack stack;
    try {
      io.run();
    } catch (const std::exception& e) {
      // An exception that left every task scope is a bug: say so and die, rather than trade on in an unknown state.
      logger("app").error("an exception left the event loop", {{"thread", name}, {"err", e.what()}});
      std::abort();
    }
  }
};

io_thread::io_thread(std::string name) : state_(std::make_unique<state>()) { state_->name = std::move(name); }
io_thread::~io_thread() { stop(); }
executor io_thread::get_executor() const { return state_->io.get_executor(); }
void io_thread::start() {
  state_->thread = std::thread([s = state_.get()] { s->run(); });
}
void io_thread::stop() {
  state_->work.reset();
  state_->io.stop();
  if (state_->thread.joinable()) state_->thread.join();
}

}  // namespace drover::app
