#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/task_scope.hpp"
#include "exchanges/raw/raw_store.hpp"
#include "exchanges/raw/spool_reader.hpp"
#include "exchanges/raw/spool_writer.hpp"
#include "exchanges/raw/spooling_raw_recorder.hpp"

namespace drover::exchanges {

/// The spool in front of a store: see make_raw_recorder.
///
/// Each exchange has a lane of files of its own, which is copied in its order; lanes take turns, a segment each, so that the
/// backlog of one is not in the way of another. Within a lane what is live is the tail of the backlog.
class recorder final : public spooling_raw_recorder {
 public:
  using lane_list = std::vector<std::unique_ptr<spool_writer>>;
  recorder(executor, timer_queue&, file_system&, std::unique_ptr<raw_store>, worker_pool&, raw_recorder_config, lane_list);
  ~recorder() override;

  void record(const raw_record&) override;
  void record_gap(std::string_view stream, wall_time from, wall_time to, std::string_view reason) override;
  void note_gap(const data_gap&) override;
  task<void> run() override;
  task<void> stop(nanoseconds limit) override;
  void set_bounds(std::uint64_t spool_limit_bytes, int retention_days) override {
    config_.spool_limit_bytes = spool_limit_bytes;
    config_.retention_days = retention_days;
  }
  statistics get_statistics() const override;
  std::uint64_t progress() const override { return progress_; }

 private:
  struct drop {
    wall_time from, to;
    std::uint64_t count = 0;
  };
  struct lane {
    std::unique_ptr<spool_writer> spool;
    std::uint64_t bytes = 0;
    /// Closed segments that the storer has, or is about to have.
    std::size_t handed = 0;
    /// What was stored last, by stream.
    std::map<std::string, std::pair<std::uint64_t, wall_time>, std::less<>> stored_to;
    /// A segment stayed because no gap tells what is missing of it: nothing counts as stored any more, so that the next start
    /// looks at it again.
    bool untold = false;
    /// Segments that the disk refused to sync.
    std::set<std::uint64_t> forsaken;
  };
  /// A segment on its way from the file to the database.
  struct loaded_segment {
    lane* of = nullptr;
    std::uint64_t index = 0;
    /// Null when it cannot be read.
    std::shared_ptr<segment_content> content;
  };

  lane& find_lane(std::string_view stream);
  std::uint64_t total_bytes() const;
  bool must_drop(const raw_record&, const lane&) const;
  /// False: the disk refused it, and it is part of a drop now.
  bool append(lane&, const spool_record_view&);
  /// What happened on a stream while no engine ran is missing like everything else that was not received; of a private stream,
  /// for each account by itself, up to the first that is heard of it. False: the disk refused it; what comes behind it must not
  /// be written either.
  bool append_start_gap(lane&, std::string_view stream, std::string_view account, wall_time now);
  /// Where it was written; null when the disk refused it.
  lane* write_gap(const data_gap&);
  void note_drop(std::string_view stream, wall_time from, wall_time to, std::uint64_t count);
  /// False: the disk refuses still, and the drop goes on.
  bool end_drop(std::string_view stream, wall_time now);
  void end_drops();

  task<void> run_sync();
  task<void> check_disk();
  void forsake(const std::vector<std::pair<lane*, std::uint64_t>>& failed);

  task<void> run_read();
  void close_due_segments();
  lane* find_next_lane();
  bool is_drained() const;
  task<void> run_store();
  task<void> store_segment(loaded_segment);
  /// False: what is missing of it is not safely told, it must stay.
  task<bool> store_records(lane*, std::uint64_t index, std::shared_ptr<segment_content>);
  /// Gaps about what is missing of a segment, and the files that they are in.
  struct told_gaps {
    bool all_written = true;
    std::vector<std::pair<lane*, spool_writer::unsynced_segment>> in;
  };
  void tell_missing(told_gaps&, const spool_record& of, wall_time from, wall_time to, const std::string& reason);
  void note_holes(lane&, const std::vector<spool_record>&, told_gaps&);
  task<void> store_batch(lane*, std::uint64_t index, std::shared_ptr<const std::vector<spool_record>>, told_gaps&);
  task<void> quarantine(lane*, std::uint64_t index, std::shared_ptr<const std::vector<spool_record>> batch,
                        std::vector<std::size_t> refused, told_gaps&);
  /// Whether the gaps outlive the power: only then may what they tell of be forgotten.
  task<bool> make_durable(told_gaps&);
  task<void> remove_segment(lane*, std::uint64_t index);
  task<void> keep_house();

  timer_queue& timers_;
  file_system& files_;
  std::unique_ptr<raw_store> store_;
  worker_pool& workers_;
  raw_recorder_config config_;
  spool_reader reader_;
  statistics statistics_;
  std::uint64_t progress_ = 0;
  std::vector<std::unique_ptr<lane>> lanes_;
  std::size_t last_lane_ = 0;
  std::map<std::string, drop, std::less<>> drops_;
  /// Private streams that an earlier process heard, and up to when.
  struct resumed_stream {
    wall_time from;
    std::map<std::string, spool_writer::account_state, std::less<>> accounts;
    std::set<std::string, std::less<>> told;
  };
  std::map<std::string, resumed_stream, std::less<>> resumed_;
  std::deque<loaded_segment> loaded_;
  std::string clean_body_;
  steady_time next_days_{}, next_retention_{};
  bool low_disk_ = false;
  bool running_ = false;
  /// Of a part that ended by an exception: what it was doing is lost, so it cannot go on by itself.
  std::string failure_;
  wake_event read_wanted_, store_wanted_, drained_, stopped_;
  task_scope scope_;
};

/// For tests: any store behind the spool.
result<std::unique_ptr<spooling_raw_recorder>> make_raw_recorder_on(executor, timer_queue&, file_system&,
                                                                    std::unique_ptr<raw_store>, worker_pool&,
                                                                    raw_recorder_config);

}  // namespace drover::exchanges
