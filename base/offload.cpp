#include "base/offload.hpp"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/completion_detail.hpp"

namespace drover {
namespace {

/// One piece of work and where its outcome goes; lives in the awaiting coroutine.
struct job {
  std::move_only_function<void()> work;
  result<void> outcome;
  std::exception_ptr failure;
  detail::completion done;

  void execute() {
    try {
      work();
    } catch (...) {
      failure = std::current_exception();
    }
    work = nullptr;
    auto resume = std::move(done);
    resume({});
  }
  void drop(error why) {
    outcome = std::unexpected(std::move(why));
    auto resume = std::move(done);
    resume({});
  }
};

}  // namespace

struct worker_pool::state {
  std::string name;
  std::size_t queue_limit;
  std::mutex mutex;
  std::condition_variable ready;
  std::deque<job*> waiting;
  bool stopping = false;
  std::vector<std::thread> threads;

  void run() {
    for (;;) {
      job* next = nullptr;
      {
        std::unique_lock lock(mutex);
        ready.wait(lock, [this] { return stopping || !waiting.empty(); });
        if (stopping) return;
        next = waiting.front();
        waiting.pop_front();
      }
      next->execute();
    }
  }

  bool try_add(job& fresh) {
    if (threads.empty()) {
      fresh.execute();
      return true;
    }
    const std::lock_guard lock(mutex);
    if (stopping || waiting.size() >= queue_limit) return false;
    waiting.push_back(&fresh);
    ready.notify_one();
    return true;
  }
};

worker_pool::worker_pool(std::string name, std::size_t threads, std::size_t queue_limit)
    : state_(std::make_unique<state>()) {
  state_->name = std::move(name);
  state_->queue_limit = queue_limit;
  for (std::size_t i = 0; i < threads; ++i) {
    state_->threads.emplace_back([s = state_.get()] { s->run(); });
    pthread_setname_np(state_->threads.back().native_handle(), state_->name.substr(0, 15).c_str());
  }
}

worker_pool::~worker_pool() {
  std::deque<job*> left;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    left.swap(state_->waiting);
  }
  state_->ready.notify_all();
  for (auto* dropped : left) dropped->drop(error(errc::cancelled, state_->name + " is stopping"));
  for (auto& thread : state_->threads) thread.join();
}

task<result<void>> worker_pool::run_job(std::move_only_function<void()> work) {
  job mine;
  mine.work = std::move(work);
  auto* pool = state_.get();
  auto start = [pool, &mine](detail::completion done) {
    mine.done = std::move(done);
    if (!pool->try_add(mine)) mine.drop(error(errc::overloaded, pool->name + " has too much waiting; try again later"));
  };
  co_await detail::await_completion(std::move(start));
  if (mine.failure) std::rethrow_exception(mine.failure);
  co_return std::move(mine.outcome);
}

}  // namespace drover
