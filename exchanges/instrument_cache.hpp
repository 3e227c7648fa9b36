#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/task_scope.hpp"
#include "base/timer.hpp"
#include "exchanges/broadcast_event.hpp"
#include "exchanges/instrument_table.hpp"

namespace drover::exchanges {

/// The venue's instruments: loaded at first need by one request however many ask, refreshed when older than an hour.
/// Trading thread only.
class instrument_cache {
 public:
  using loader = std::function<task<result<std::vector<instrument>>>()>;
  static constexpr nanoseconds refresh_interval = 1h;
  /// A symbol that is not in the table is looked for again when the table is older than this.
  static constexpr nanoseconds recheck_interval = 5min;
  /// After a failure its error is the answer for so long.
  static constexpr nanoseconds failure_pause = 1s;
  static constexpr nanoseconds wait_limit = 60s;

  /// `scope` owns the loads, so that the end of one asker does not end the load of all.
  instrument_cache(task_scope& scope, timer_queue&, loader);

  /// exchange_errc::instrument_unknown, or why the table could not be loaded.
  task<result<std::shared_ptr<const instrument>>> find(std::string symbol);
  /// The table itself, loaded if need be.
  task<result<std::shared_ptr<const instrument_table>>> get();
  /// What is known now, maybe empty; never null.
  const std::shared_ptr<const instrument_table>& known() const { return table_; }
  /// Wakes everybody with errc::cancelled.
  void stop();

 private:
  task<result<std::vector<instrument>>> try_load();
  task<void> run_load();
  bool older_than(nanoseconds age) const;
  void start_load();

  task_scope& scope_;
  timer_queue& timers_;
  loader load_;
  broadcast_event loaded_;
  std::shared_ptr<const instrument_table> table_ = std::make_shared<instrument_table>();
  std::optional<steady_time> loaded_at_, failed_at_;
  std::optional<error> failure_;
  bool loading_ = false;
  bool stopped_ = false;
};

}  // namespace drover::exchanges
