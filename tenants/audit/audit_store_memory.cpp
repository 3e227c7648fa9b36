#include <algorithm>
#include <mutex>
#include <ranges>

#include "tenants/audit/audit_store.hpp"

namespace drover::tenants {
namespace {

class memory_audit_store final : public audit_store {
public:
  explicit memory_audit_store(const clock& time) : clock_(time) {}

  task<result<std::vector<audit_record>>> list(audit_filter filter, audit_page page) override {
    const std::lock_guard lock(mutex_);
    const auto limit = static_cast<std::size_t>(std::clamp(page.limit, 1, page_limit));
    std::vector<audit_record> out;
    for (const auto& row : rows_ | std::views::reverse)
      if (is_wanted(row, filter) && (!page.after || row.id < page.after->id) && out.size() < limit) out.push_back(row);
    co_return out;
  }

  task<result<std::int64_t>> count(audit_filter filter) override {
    const std::lock_guard lock(mutex_);
    const auto all = std::ranges::count_if(rows_, [&](const auto& row) { return is_wanted(row, filter); });
    co_return std::min<std::int64_t>(all, count_limit);
  }

  task<result<void>> append(audit_event event) override {
    const std::lock_guard lock(mutex_);
    const auto number = static_cast<std::int64_t>(rows_.size()) + 1;
    rows_.push_back({.seq = number,
                     .id = number,
                     .at = clock_.wall_now(),
                     .actor = event.actor,
                     .action = std::move(event.action),
                     .object = std::move(event.object),
                     .detail = std::move(event.detail)});
    co_return result<void>();
  }

private:
  static bool is_wanted(const audit_record& row, const audit_filter& f) {
    const bool right_action =
        f.action.ends_with('.') ? row.action.starts_with(f.action) : f.action.empty() || row.action == f.action;
    return right_action && (!f.actor || row.actor == *f.actor) && (f.object.empty() || row.object == f.object) &&
           (!f.from || row.at >= *f.from) && (!f.to || row.at < *f.to);
  }

  const clock& clock_;
  std::mutex mutex_;
  std::vector<audit_record> rows_;
};

}  // namespace

std::unique_ptr<audit_store> make_memory_audit_store(const clock& time) {
  return std::make_unique<memory_audit_store>(time);
}

}  // namespace drover::tenants
