#pragma once

#include <libpq-fe.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/task.hpp"
#include "base/timer.hpp"

/// libpq without blocking: what the listener and the reader share. Internal to base/postgres*.cpp.
namespace drover::detail {

struct close_connection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct clear_result {
  void operator()(PGresult* answer) const { PQclear(answer); }
};
using libpq_connection = std::unique_ptr<PGconn, close_connection>;
using libpq_result = std::unique_ptr<PGresult, clear_result>;
using descriptor = asio::posix::stream_descriptor;

/// db_errc::unavailable with what libpq says.
error broken_connection(const libpq_connection&);

/// What the server answered instead of success, or that the connection broke.
error refusal(const libpq_connection&, const libpq_result&);

/// Watches a copy of the connection's descriptor, for libpq closes its own.
result<void> watch(descriptor& watched, const libpq_connection&);

/// Connects; to be run under a deadline.
task<result<void>> open_connection(libpq_connection&, const std::string& url);

/// Runs statements without parameters and answers the last one's rows.
task<result<libpq_result>> ask(const libpq_connection&, const std::string& statements);
/// The same for who does not want the rows.
task<result<void>> run_statements(const libpq_connection&, const std::string& statements);

/// How long an idle connection is believed, and how long its server may take to answer a question.
constexpr milliseconds quiet_limit{4'000}, answer_limit{4'000};

/// Waits until the connection has something to read and takes it in. A server that has been silent for quiet_limit is asked
/// something; the error says that it does not answer, or how the connection ended.
task<result<void>> wait_for_input(timer_queue&, const libpq_connection&, descriptor& watched);

}  // namespace drover::detail
