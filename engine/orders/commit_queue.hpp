#pragma once

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/completion_detail.hpp"
#include "base/error.hpp"
#include "base/run_on.hpp"

namespace drover::engine {

struct commit_limits {
  /// Batches that may be written at the same time. With one, items are written in the order of their arrival.
  std::size_t flights = 1;
  /// Items in one batch.
  std::size_t batch = 256;
  /// Items that may wait.
  std::size_t waiting = 20'000;
};

/// Group commit: what arrives while a batch is being written goes with the next one. A submit() always sees its item to
/// the end, cancelled or not, so that nobody is left in the dark about a write that was begun. Owner's executor only; the
/// queue outlives its callers.
template <class Item, class Answer = void>
class commit_queue {
 public:
  using answers = std::vector<result<Answer>>;
  /// Writes a batch and answers for each item, in order.
  using writer = std::function<task<answers>(std::vector<Item>)>;
  /// True when the second may not be in one batch with the first.
  using conflict = bool (*)(const Item&, const Item&);

  /// `unavailable` answers when too many wait, or when the writer throws.
  commit_queue(executor e, commit_limits limits, conflict conflicts, error unavailable, writer write)
      : executor_(std::move(e)), limits_(limits), conflicts_(conflicts), unavailable_(std::move(unavailable)),
        write_(std::move(write)) {}

  task<result<Answer>> submit(Item item) {
    if (waiting_.size() >= limits_.waiting) co_return std::unexpected(unavailable_);
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    entry mine{std::move(item), {}, {}, false};
    waiting_.push_back(&mine);
    bool leads = in_flight_ < limits_.flights;
    if (leads) ++in_flight_;
    while (!mine.done || leads) {
      if (leads) {
        co_await run_on(executor_, write_batch());
        leads = !mine.done;
        if (!leads) pass_lead();
        continue;
      }
      auto park = [&mine](detail::completion resume) { mine.resume = std::move(resume); };
      co_await detail::await_completion(std::move(park));
      leads = std::exchange(mine.promoted, false);
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_return std::move(mine.outcome);
  }

 private:
  /// Lives in the submitting coroutine.
  struct entry {
    Item item;
    result<Answer> outcome;
    detail::completion resume;
    bool done = false;
    bool promoted = false;
  };

  /// The lead goes to somebody who waits, so that nobody writes for others longer than for themselves.
  void pass_lead() {
    for (auto* next : waiting_) {
      if (!next->resume) continue;
      next->promoted = true;
      auto resume = std::exchange(next->resume, nullptr);
      resume({});
      return;
    }
    --in_flight_;
  }

  std::vector<entry*> take_batch() {
    std::vector<entry*> batch;
    while (!waiting_.empty() && batch.size() < limits_.batch) {
      auto* next = waiting_.front();
      for (auto* earlier : batch)
        if (conflicts_ && conflicts_(earlier->item, next->item)) return batch;
      batch.push_back(next);
      waiting_.pop_front();
    }
    return batch;
  }

  task<void> write_batch() {
    // One turn of the executor: what is ready at this moment shares the commit.
    co_await asio::post(executor_, asio::use_awaitable);
    auto batch = take_batch();
    if (batch.empty()) co_return;
    std::vector<Item> items;
    items.reserve(batch.size());
    for (auto* e : batch) items.push_back(std::move(e->item));
    answers outcomes;
    std::exception_ptr failure;
    try {
      outcomes = co_await write_(std::move(items));
    } catch (...) {
      failure = std::current_exception();
    }
    for (std::size_t i = 0; i < batch.size(); ++i) finish(*batch[i], outcomes, i, failure);
  }

  void finish(entry& e, answers& outcomes, std::size_t at, const std::exception_ptr& failure) {
    if (failure || at >= outcomes.size())
      e.outcome = std::unexpected(unavailable_);
    else
      e.outcome = std::move(outcomes[at]);
    e.done = true;
    if (!e.resume) return;
    auto resume = std::exchange(e.resume, nullptr);
    resume({});
  }

  executor executor_;
  commit_limits limits_;
  conflict conflicts_;
  error unavailable_;
  writer write_;
  std::deque<entry*> waiting_;
  std::size_t in_flight_ = 0;
};

}  // namespace drover::engine
