#include "base/task_scope.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cstdio>
#include <exception>
#include <list>

#include "base/log.hpp"
#include "base/timer.hpp"

namespace drover {
namespace {

bool is_abort(std::exception_ptr failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& e) {
    return e.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

std::string what_of(std::exception_ptr failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception of unknown type";
  }
}

/// co_spawn would run the task inside spawn() up to its first wait. Worse, one that ended there and was cancelled meanwhile
/// would throw out of the executor instead of completing.
task<void> run_at_next_turn(task<void> t) {
  co_await asio::post(asio::use_awaitable);
  co_await std::move(t);
}

}  // namespace

struct task_scope::state : std::enable_shared_from_this<state> {
  struct entry {
    std::string_view name;
    asio::cancellation_signal signal;
  };

  state(executor e, std::string n, failure_handler h)
      : target(std::move(e)), name(std::move(n)), on_failure(std::move(h)) {}

  executor target;
  std::string name;
  failure_handler on_failure;
  std::list<entry> tasks;
  /// From the first join() on.
  std::unique_ptr<wake_event> emptied;
  bool stopping = false;

  void report(std::string_view task_name, std::exception_ptr failure) {
    if (stopping && is_abort(failure)) return;
    const std::string what = what_of(failure);
    if (on_failure)
      on_failure(task_name, what);
    else
      logger("tasks").error("a task failed", {{"scope", name}, {"task", task_name}, {"err", what}});
  }

  void finish(std::list<entry>::iterator at, std::exception_ptr failure) {
    const std::string_view task_name = at->name;
    tasks.erase(at);
    if (failure) report(task_name, failure);
    if (tasks.empty() && emptied) emptied->notify();
  }
};

task_scope::task_scope(executor e, std::string name, failure_handler on_failure)
    : state_(std::make_shared<state>(std::move(e), std::move(name), std::move(on_failure))) {}

task_scope::~task_scope() {
  if (state_->tasks.empty()) return;
  std::fprintf(stderr, "task scope '%s' was destroyed before its tasks ended:", state_->name.c_str());
  for (const auto& task : state_->tasks) std::fprintf(stderr, " %.*s", static_cast<int>(task.name.size()), task.name.data());
  std::fprintf(stderr, "\n");
  std::terminate();
}

void task_scope::spawn(std::string_view name, task<void> t) {
  if (state_->stopping) return;
  state_->tasks.emplace_back();
  const auto at = std::prev(state_->tasks.end());
  at->name = name;
  auto on_end = [owner = state_, at](std::exception_ptr failure) { owner->finish(at, failure); };
  asio::co_spawn(state_->target, run_at_next_turn(std::move(t)),
                 asio::bind_cancellation_slot(at->signal.slot(), std::move(on_end)));
}

void task_scope::post(std::function<void()> work) {
  asio::post(state_->target, [weak = std::weak_ptr(state_), work = std::move(work)] {
    const auto owner = weak.lock();
    if (!owner || owner->stopping) return;
    try {
      work();
    } catch (...) {
      owner->report("post", std::current_exception());
    }
  });
}

void task_scope::stop() {
  if (state_->stopping) return;
  state_->stopping = true;
  // Completions are posted, never run inside emit(), so the list does not change under this loop.
  auto owner = state_;
  for (auto at = owner->tasks.begin(); at != owner->tasks.end();) {
    auto& signal = at->signal;
    ++at;
    signal.emit(asio::cancellation_type::terminal);
  }
}

bool task_scope::stopping() const { return state_->stopping; }
std::size_t task_scope::size() const { return state_->tasks.size(); }
const executor& task_scope::get_executor() const { return state_->target; }

task<void> task_scope::join() {
  auto owner = state_;
  if (!owner->emptied) owner->emptied = std::make_unique<wake_event>(owner->target);
  while (!owner->tasks.empty()) co_await owner->emptied->wait();
}

}  // namespace drover
