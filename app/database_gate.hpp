#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "app/settings.hpp"
#include "base/offload.hpp"
#include "base/random.hpp"
#include "base/timer.hpp"
#include "crypto/keyring.hpp"
#include "tenants/users/user_directory.hpp"

namespace drover::app {

/// How the engine stands with its database: let in once (schema, durability, master key, the only engine), later there or
/// away. Functions say which thread they are for.
class database_gate {
 public:
  /// `timers` of the thread that runs watch().
  database_gate(const settings&, const crypto::keyring&, timer_queue& timers);

  /// Blocking: check_database(), and the lock that only one engine of a database holds (start_errc::another_engine).
  result<void> enter();
  /// For who could not enter: tries again on a thread of the pool after 0.1 to 10 s (REL-20) until it has entered and the users
  /// are known; the error is one that waiting does not heal.
  task<result<void>> enter_later(worker_pool&, random_source&, tenants::user_directory&);
  /// After enter(): ends when another engine has taken the database over, with the reason to stop.
  task<error> watch();

  /// What is wrong with the database now, empty: nothing. Any thread.
  void set_problem(std::string);
  std::string problem() const;

 private:
  const settings& settings_;
  const crypto::keyring& keys_;
  timer_queue& timers_;
  std::unique_ptr<database_lock> lock_;
  mutable std::mutex mutex_;
  std::string problem_ = "PostgreSQL has not been reached yet";
};

/// Blocking, before the web thread runs: tokens are checked from memory, so the first request must find every user there.
result<void> load_users(tenants::user_directory&);

}  // namespace drover::app
