#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "app/settings.hpp"
#include "base/offload.hpp"
#include "base/random.hpp"
#include "base/task.hpp"
#include "base/timer.hpp"
#include "crypto/keyring.hpp"

namespace drover::app {

/// How the engine stands with its database: let in once (schema, durability, master key, the only engine), later there or
/// away. Functions say which thread they are for.
class database_gate {
 public:
  /// `timers` of the thread that runs watch().
  database_gate(const settings&, crypto::keyring&, timer_queue& timers);

  /// Blocking: check_database(), the lock that only one engine of a database holds (start_errc::another_engine), and the
  /// master keys (settle_master_keys()).
  result<void> enter();
  /// For who could not enter: tries again on a thread of the pool after 0.1 to 10 s (REL-20) until it has entered and `load`
  /// has read what must be known first; the error is one that waiting does not heal.
  task<result<void>> enter_later(worker_pool&, random_source&, std::function<task<result<void>>()> load);
  /// After enter(): ends when another engine has taken the database over, with the reason to stop.
  task<error> watch();

  /// What is wrong with the database now, empty: nothing. Any thread.
  void set_problem(std::string);
  std::string problem() const;

 private:
  const settings& settings_;
  crypto::keyring& keys_;
  timer_queue& timers_;
  std::unique_ptr<database_lock> lock_;
  mutable std::mutex mutex_;
  std::string problem_ = "PostgreSQL has not been reached yet";
};

/// Runs it to its end. Blocking; before the threads run that it belongs to.
result<void> wait_for(task<result<void>> work, std::string_view what);

}  // namespace drover::app
