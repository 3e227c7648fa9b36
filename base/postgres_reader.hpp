#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/error.hpp"
#include "base/postgres.hpp"
#include "base/task.hpp"
#include "base/timer.hpp"

/// libpq's answer to a statement.
struct pg_result;

namespace drover {

/// One value in PostgreSQL's text form; valid as long as its rows. Has what stores ask of a pqxx::field.
class read_field {
 public:
  read_field(const pg_result* rows, int row, int column) : rows_(rows), row_(row), column_(column) {}
  const char* c_str() const;
  std::size_t size() const;
  bool is_null() const;

 private:
  const pg_result* rows_;
  int row_, column_;
};

class read_row {
 public:
  read_row(const pg_result* rows, int row) : rows_(rows), row_(row) {}
  read_field operator[](int column) const { return {rows_, row_, column}; }

 private:
  const pg_result* rows_;
  int row_;
};

/// What a statement of the reader answered.
class read_rows {
 public:
  /// No rows.
  read_rows() = default;
  /// Takes over what libpq allocated.
  explicit read_rows(pg_result* owned) : rows_(owned) {}
  std::size_t size() const;
  bool empty() const { return size() == 0; }
  read_row operator[](std::size_t row) const { return {rows_.get(), static_cast<int>(row)}; }

 private:
  struct clear {
    void operator()(pg_result*) const;
  };
  std::unique_ptr<pg_result, clear> rows_;
};

/// Hot reads on the owner's own thread: prepared, read-only statements over one pipelined connection. What is asked for in
/// one turn of the executor travels together, so that a read costs no change of threads and a fraction of a system call.
///
/// For short, indexed statements: a slow one delays those behind it. It is the pool's fast lane and no more: whenever it
/// cannot serve (no connection yet, connection lost, batch given up), read() answers db_errc::unavailable and the caller
/// asks the pool, which is the judge of whether the database is there. All functions on the owner's thread.
class postgres_reader {
 public:
  virtual ~postgres_reader() = default;

  /// Connects and serves; after a loss connects again with backoff. Until it is cancelled; what is in flight then answers
  /// errc::cancelled. Once.
  virtual task<void> run() = 0;

  /// One statement, prepared at its first use on a connection; `name` has one text. At most `parameter_limit` parameters,
  /// in text form. db_errc::unavailable: not run or not heard of, ask the pool; db_errc::timed_out: statement_timeout, or
  /// the server said nothing for job_limit; errc::overloaded: queue_limit reads are in flight. Safe to cancel.
  virtual task<result<read_rows>> read(const std::string& name, const std::string& sql,
                                       std::span<const std::string> parameters) = 0;
  static constexpr std::size_t parameter_limit = 8;
};

/// The timers and the coroutine that runs run() share the owner's executor. Destroy it after run() and all reads have ended.
std::unique_ptr<postgres_reader> make_postgres_reader(database_config, timer_queue&);

}  // namespace drover
