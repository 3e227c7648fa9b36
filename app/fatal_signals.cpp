#include "app/fatal_signals.hpp"

#include <cxxabi.h>
#include <pthread.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <string_view>
#include <typeinfo>

namespace drover::app {
namespace {

constexpr std::size_t stack_bytes = 64 * 1024;
constexpr std::array fatal_signals{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

std::atomic<engine::turn_mark*> turns = nullptr;
std::atomic<pid_t> strategy_thread = 0;

/// A line in a buffer of its own: async-signal-safe.
class last_line {
public:
  void add(std::string_view text) {
    for (const char c : text)
      if (size_ < buffer_.size() - 1) buffer_[size_++] = c >= ' ' && c <= '~' ? c : '?';
  }
  void add(std::int64_t value) {
    const auto [end, problem] = std::to_chars(buffer_.data() + size_, buffer_.data() + buffer_.size() - 1, value);
    if (problem == std::errc{}) size_ = static_cast<std::size_t>(end - buffer_.data());
  }
  void write() {
    buffer_[size_++] = '\n';
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, buffer_.data(), size_);
  }

private:
  std::array<char, 400> buffer_;
  std::size_t size_ = 0;
};

std::string_view name_of(int signal) {
  switch (signal) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGFPE:
      return "SIGFPE";
    case SIGILL:
      return "SIGILL";
    default:
      return "SIGABRT";
  }
}

void add_place(last_line& line) {
  char thread[16] = {};
  pthread_getname_np(pthread_self(), thread, sizeof thread);
  line.add(" in thread ");
  line.add(thread);
  const auto* mark = turns.load();
  if (mark == nullptr || gettid() != strategy_thread.load()) return;
  const auto running = mark->running();
  if (!running) return;
  line.add(", inside bot ");
  line.add(running->bot);
  line.add("'s ");
  line.add(to_string(running->call));
}

/// Raised by what this thread did, rather than sent by somebody else.
bool is_own_fault(const siginfo_t& info) {
  return info.si_code > 0 || info.si_pid == getpid();
}

void on_fatal_signal(int number, siginfo_t* info, void*) {
  last_line line;
  line.add("engine: died of ");
  line.add(name_of(number));
  add_place(line);
  line.write();
  auto* mark = turns.load();
  if (mark != nullptr && gettid() == strategy_thread.load() && is_own_fault(*info)) mark->note_signal(number);
  // The handler is off by now (SA_RESETHAND): this one ends the process.
  raise(number);
}

[[noreturn]] void on_terminate() {
  last_line line;
  line.add("engine: terminated by ");
  const auto* type = abi::__cxa_current_exception_type();
  line.add(type == nullptr ? "a broken rule" : "an exception that nobody caught, of type ");
  if (type != nullptr) line.add(type->name());
  add_place(line);
  line.write();
  std::abort();
}

}  // namespace

void watch_fatal_signals() {
  std::set_terminate(on_terminate);
  for (const int number : fatal_signals) {
    struct sigaction current {};
    if (sigaction(number, nullptr, &current) != 0 || current.sa_handler != SIG_DFL) continue;
    struct sigaction ours {};
    ours.sa_sigaction = on_fatal_signal;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND | SA_NODEFER;
    sigemptyset(&ours.sa_mask);
    sigaction(number, &ours, nullptr);
  }
}

void blame_strategies_of_this_thread(engine::turn_mark& mark) {
  strategy_thread = gettid();
  turns = &mark;
}

void blame_no_strategy() {
  strategy_thread = 0;
  turns = nullptr;
}

signal_stack::signal_stack() : memory_(std::make_unique<std::byte[]>(stack_bytes)) {
  const stack_t stack{.ss_sp = memory_.get(), .ss_flags = 0, .ss_size = stack_bytes};
  sigaltstack(&stack, nullptr);
}

signal_stack::~signal_stack() {
  const stack_t none{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
  sigaltstack(&none, nullptr);
}

}  // namespace drover::app
