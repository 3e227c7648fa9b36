#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/task_scope.hpp"
#include "exchanges/raw/raw_store.hpp"
#include "exchanges/raw/spool_writer.hpp"
#include "exchanges/raw/spooling_raw_recorder.hpp"

namespace drover::exchanges {

/// The spool in front of a store: see make_raw_recorder.
class recorder final : public spooling_raw_recorder {
 public:
  recorder(executor, timer_queue&, file_system&, std::unique_ptr<raw_store>, worker_pool&, raw_recorder_config,
           std::unique_ptr<spool_writer>);
  ~recorder() override;

  void record(const raw_record&) override;
  void record_gap(std::string_view stream, wall_time from, wall_time to, std::string_view reason) override;
  task<void> run() override;
  task<void> stop(nanoseconds limit) override;
  statistics get_statistics() const override;

 private:
  struct drop {
    wall_time from, to;
    std::uint64_t count = 0;
  };
  bool is_full() const;
  void append(const spool_record_view&);
  void note_drop(std::string_view stream, wall_time now);
  void end_drop(std::string_view stream, wall_time now);
  void end_drops();

  task<void> run_sync();
  task<void> check_disk();
  task<void> run_copy();
  task<void> copy_oldest();
  task<std::shared_ptr<segment_content>> read_segment(std::uint64_t index);
  task<void> store_batch(std::uint64_t index, std::shared_ptr<const std::vector<spool_record>>);
  task<void> quarantine(std::uint64_t index, const std::vector<spool_record>& batch, std::vector<std::size_t> refused);
  task<void> remove_segment(std::uint64_t index);
  void finish_segment();

  timer_queue& timers_;
  file_system& files_;
  std::unique_ptr<raw_store> store_;
  worker_pool& workers_;
  raw_recorder_config config_;
  std::unique_ptr<spool_writer> spool_;
  statistics statistics_;
  std::uint64_t spooled_bytes_ = 0;
  std::map<std::string, drop, std::less<>> drops_;
  /// Segments written to since their last sync.
  std::set<std::uint64_t> unsynced_;
  /// The segment under the copier's hands, 0 = none.
  std::uint64_t copying_ = 0;
  bool low_disk_ = false;
  bool syncing_ = false;
  bool running_ = false;
  wake_event copy_wanted_, sync_done_, drained_, stopped_;
  task_scope scope_;
};

/// For tests: any store behind the spool.
result<std::unique_ptr<spooling_raw_recorder>> make_raw_recorder_on(executor, timer_queue&, file_system&,
                                                                    std::unique_ptr<raw_store>, worker_pool&,
                                                                    raw_recorder_config);

}  // namespace drover::exchanges
