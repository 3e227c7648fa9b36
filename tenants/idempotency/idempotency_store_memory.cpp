#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "tenants/idempotency/idempotency_store.hpp"

namespace drover::tenants {
namespace {

class memory_idempotency_store final : public idempotency_store {
public:
  explicit memory_idempotency_store(const clock& time) : clock_(time) {}

  task<result<idempotency_claim>> claim(idempotency_place place, std::string request_hash) override {
    const std::lock_guard lock(mutex_);
    using enum idempotency_claim::state;
    if (const auto at = rows_.find(place); at != rows_.end() && is_old(at->second)) rows_.erase(at);
    if (const auto at = rows_.find(place); at != rows_.end()) {
      const auto& row = at->second;
      if (row.request_hash != request_hash) co_return idempotency_claim{other_request};
      co_return row.answer ? idempotency_claim{finished, row.answer} : idempotency_claim{unfinished};
    }
    const auto of_user =
        std::ranges::count_if(rows_, [&](const auto& r) { return r.first.user == place.user && !is_old(r.second); });
    if (of_user >= keys_per_user) co_return idempotency_claim{full};
    rows_.emplace(std::move(place), row{std::move(request_hash), clock_.wall_now(), std::nullopt});
    co_return idempotency_claim{claimed};
  }

  task<result<void>> finish(idempotency_place place, kept_answer answer) override {
    const std::lock_guard lock(mutex_);
    if (const auto at = rows_.find(place); at != rows_.end()) at->second.answer = std::move(answer);
    co_return result<void>();
  }

  task<result<void>> release(idempotency_place place) override {
    const std::lock_guard lock(mutex_);
    const auto at = rows_.find(place);
    if (at != rows_.end() && !at->second.answer) rows_.erase(at);
    co_return result<void>();
  }

  task<result<std::int64_t>> prune() override {
    const std::lock_guard lock(mutex_);
    std::int64_t removed = 0;
    for (auto at = rows_.begin(); at != rows_.end() && removed < prune_batch;) {
      const bool old = is_old(at->second);
      at = old ? rows_.erase(at) : std::next(at);
      removed += old;
    }
    co_return removed;
  }

private:
  struct row {
    std::string request_hash;
    wall_time created_at;
    std::optional<kept_answer> answer;
  };
  bool is_old(const row& r) const { return clock_.wall_now() - r.created_at > retention; }

  const clock& clock_;
  std::mutex mutex_;
  std::map<idempotency_place, row> rows_;
};

}  // namespace

std::unique_ptr<idempotency_store> make_memory_idempotency_store(const clock& time) {
  return std::make_unique<memory_idempotency_store>(time);
}

}  // namespace drover::tenants
