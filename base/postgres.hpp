#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"
#include "base/task.hpp"
#include "base/timer.hpp"

namespace pqxx {
class connection_base;
}

namespace drover {

/// What a statement can end in besides success. Stores map these once to errors of their own.
enum class db_errc {
  /// No connection, or it broke before COMMIT was sent: nothing happened.
  unavailable = 1,
  /// The connection broke during COMMIT: the transaction may or may not have happened. Read back by key.
  in_doubt,
  /// A unique constraint refused the row; the detail is the constraint's name.
  unique_violation,
  /// A check, foreign key or not-null constraint refused; the detail is the constraint's name.
  constraint_violation,
  /// A trigger raised an exception with SQLSTATE DRxxx; the detail is its message.
  refused,
  /// Serialization failure or deadlock: the same transaction may be run again.
  retry,
  /// statement_timeout, lock_timeout or the pool's own waiting limit.
  timed_out,
  /// The role may not do this.
  permission_denied,
  /// Anything else: a bug in a statement. The detail is for logs only.
  broken,
};
std::error_code make_error_code(db_errc);

struct database_config {
  /// libpq connection string, "host=/run/drover dbname=drover user=drover".
  std::string url;
  /// Connections, each with a thread of its own.
  std::size_t connections = 4;
  /// Jobs that may wait for a connection; one more answers errc::overloaded.
  std::size_t queue_limit = 10'000;
  milliseconds statement_timeout{5000};
  milliseconds lock_timeout{2000};
  /// How long a job may wait for a connection before it answers db_errc::timed_out.
  milliseconds queue_timeout{2000};
  /// A job of the pool that takes longer loses its connection: the server or the network hangs (statement_timeout is
  /// the server's own and does not help then). Noticed within 10 seconds (REL-21).
  milliseconds job_limit{9'000};
};

/// A pool's connection during one job.
struct database_session {
  pqxx::connection_base* connection = nullptr;
};
using database_job = std::move_only_function<void(database_session)>;

/// Pool of PostgreSQL connections on threads of their own. Connections are made at need, prepared statements are made on
/// each; a broken one is dropped. No session state survives a job.
///
/// What writes runs in a pqxx::work, even a single statement: only COMMIT tells db_errc::in_doubt from
/// db_errc::unavailable. pqxx::nontransaction is for reads. Destroy the pool after all awaiting coroutines have ended
/// and before their io_context.
class database {
 public:
  virtual ~database() = default;

  /// Runs `f(pqxx::connection_base&)` on a connection's thread and answers its value on the caller's executor.
  /// `f` owns its arguments (captures by value), opens its own transaction, and may run again only if it says so itself.
  /// `operation` (a literal) labels metrics and errors.
  template <class F>
  auto run(std::string_view operation, F f) -> task<result<std::invoke_result_t<F&, pqxx::connection_base&>>> {
    using T = std::invoke_result_t<F&, pqxx::connection_base&>;
    if constexpr (std::is_void_v<T>) {
      database_job job = [work = std::move(f)](database_session s) mutable { work(*s.connection); };
      result<void> done = co_await run_job(operation, std::move(job));
      co_return done;
    } else {
      std::optional<T> value;
      auto* slot = &value;
      database_job job = [slot, work = std::move(f)](database_session s) mutable {
        slot->emplace(work(*s.connection));
      };
      result<void> done = co_await run_job(operation, std::move(job));
      if (!done) co_return std::unexpected(done.error());
      co_return std::move(*value);
    }
  }

  /// Not cancellable: waits until the job has ended or was refused.
  virtual task<result<void>> run_job(std::string_view operation, database_job job) = 0;

  struct statistics {
    std::size_t open = 0, busy = 0, waiting = 0;
  };
  virtual statistics get_statistics() const = 0;
};

std::unique_ptr<database> make_database(database_config, const clock&);

/// For commands without an executor (CLI, migrations): one connection, blocking, same error mapping.
result<void> run_blocking(const database_config&, const std::function<void(pqxx::connection_base&)>&);

/// Prepares `sql` under `name` once per connection and returns `name`; for hot statements in stores.
/// `name` and `sql` are literals; one name has one text.
const std::string& prepared(pqxx::connection_base&, const std::string& name, const char* sql);

/// LISTEN on its own connection: calls `on_notify(channel, payload)` on the owner's executor; reconnects with backoff and
/// calls `on_reconnect()` after each new connection (notifications may have been missed: reload), `on_lost(why)` when it is
/// gone. A server that hangs is noticed within 10 seconds.
class database_listener {
 public:
  virtual ~database_listener() = default;
  virtual task<void> run() = 0;
};
std::unique_ptr<database_listener> make_database_listener(
    database_config, timer_queue&, std::vector<std::string> channels,
    std::function<void(std::string_view channel, std::string_view payload)> on_notify,
    std::function<void()> on_reconnect, std::function<void(const std::string& why)> on_lost = {});

/// An advisory lock of this process on a connection of its own: PostgreSQL takes it back when the connection ends, so that a
/// process that dies leaves nothing behind (REL-06).
class database_lock {
 public:
  virtual ~database_lock() = default;
  /// Blocking; waits up to `patience` for a holder that is just dying. db_errc::refused: somebody else holds it.
  virtual result<void> acquire(milliseconds patience) = 0;
  /// After acquire(), on the owner's executor: takes the lock again when its connection was lost. Answers (db_errc::refused)
  /// when somebody else has got it by then, otherwise runs until cancelled.
  virtual task<error> watch() = 0;
};
std::unique_ptr<database_lock> make_database_lock(database_config, timer_queue&, std::int64_t key);

}  // namespace drover

template <>
struct std::is_error_code_enum<drover::db_errc> : std::true_type {};
