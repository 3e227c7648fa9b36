#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/timer.hpp"
#include "engine/formatted/formatted_store.hpp"

namespace drover::engine {

struct compiler_config {
  compile_limits batch;
  /// Between looks for new rows when there are none.
  milliseconds idle_pause{1'000};
  /// After each batch the compiler rests for this share of the time the batch took, in percent: others come first.
  int rest_percent = 100;
  /// New streams are looked for this often.
  milliseconds streams_interval{10'000};
  milliseconds retry_floor{500}, retry_ceiling{30'000};
};

/// Compiles raw records into tables as they come, one batch of each stream in turn. Restartable at any moment: a batch and its
/// position are one transaction. Stands still while a rebuild runs. On the executor that spawns it; the work is the store's.
class formatted_compiler {
 public:
  formatted_compiler(timer_queue&, formatted_store&, compiler_config);

  /// Until cancelled.
  task<void> run();
  /// Compiles until nothing is left or the store fails; for commands and tests.
  task<result<void>> compile_all();

  struct statistics {
    std::uint64_t rows_read = 0, rejected = 0, failures = 0;
    bool paused = false;
  };
  const statistics& get_statistics() const { return statistics_; }

 private:
  struct round_outcome {
    bool more = false, paused = false;
  };
  task<result<round_outcome>> run_round();
  task<result<void>> find_streams();

  timer_queue& timers_;
  formatted_store& store_;
  compiler_config config_;
  std::vector<std::string> streams_;
  steady_time next_streams_{};
  statistics statistics_;
};

}  // namespace drover::engine
