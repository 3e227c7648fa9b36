#include "base/postgres_reader.hpp"

#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <deque>
#include <optional>
#include <unordered_set>

#include "base/backoff.hpp"
#include "base/completion_detail.hpp"
#include "base/deadline.hpp"
#include "base/log.hpp"
#include "base/postgres_connection_detail.hpp"
#include "base/postgres_error.hpp"

namespace drover {
namespace {

constexpr milliseconds backoff_floor{100};
constexpr milliseconds backoff_ceiling{2'000};
constexpr milliseconds open_deadline{5'000};
constexpr int watch_fraction = 8;
/// Batches on the wire at once; the next one gathers meanwhile, so that batches grow with the load.
constexpr int flights_limit = 2;
/// The statement was prepared in a batch that did not get that far.
constexpr std::string_view unknown_statement_state = "26000";

/// One read from its sending to its answer; shared by the asker, who may leave, and the pipeline, which cannot.
struct pending_read {
  std::optional<result<read_rows>> outcome;
  std::shared_ptr<detail::parked> waiter;

  void finish(result<read_rows> how) {
    if (outcome) return;
    outcome.emplace(std::move(how));
    if (waiter) waiter->resume();
  }
};

/// What the server owes an answer to, in order.
struct sent_message {
  enum class kind { prepare, read, sync };
  kind what;
  steady_time at;
  /// Of a prepare and a read.
  std::string statement{};
  std::shared_ptr<pending_read> read{};
  bool answered = false;
};

std::string state_of(const PGresult* answer) {
  const char* state = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
  return state ? state : "";
}

/// An answer without a state is libpq's own: the connection broke.
error error_of(const PGresult* answer) {
  const auto state = state_of(answer);
  if (state.empty()) return {db_errc::unavailable, detail::first_line(PQresultErrorMessage(answer))};
  if (state == unknown_statement_state) return {db_errc::unavailable, "the statement is not prepared"};
  return detail::to_database_error(state, PQresultErrorMessage(answer));
}

class libpq_reader final : public postgres_reader {
 public:
  libpq_reader(database_config config, timer_queue& timers)
      : config_(std::move(config)), url_(detail::session_url(config_)), timers_(timers) {}

  task<void> run() override {
    backoff wait(backoff_floor, backoff_ceiling);
    for (;;) {
      const std::string why = co_await serve_until_broken(wait);
      log_.warn("the connection for hot reads is down; the pool answers them until it is back", {{"err", why}});
      co_await sleep_for(timers_, wait.next(system_random()));
    }
  }

  task<result<read_rows>> read(const std::string& name, const std::string& sql,
                               std::span<const std::string> parameters) override {
    auto mine = std::make_shared<pending_read>();
    auto sent = send(name, sql, parameters, mine);
    if (!sent) co_return std::unexpected(std::move(sent.error()));
    auto arm = [mine](std::shared_ptr<detail::parked> waiter) { mine->waiter = std::move(waiter); };
    co_await detail::park(std::move(arm));
    co_return std::move(*mine->outcome);
  }

 private:
  /// Leaves nobody waiting, however serving ends.
  class serving {
   public:
    explicit serving(libpq_reader& r) : reader_(r) {}
    ~serving() { reader_.disconnect(); }
    serving(const serving&) = delete;
    serving& operator=(const serving&) = delete;

   private:
    libpq_reader& reader_;
  };

  task<result<void>> open() {
    auto opened = co_await detail::open_connection(connection_, url_);
    if (!opened) co_return opened;
    const std::string statements = "SET default_transaction_read_only = on";
    auto done = co_await detail::run_statements(connection_, statements);
    co_return done;
  }

  task<std::string> serve_until_broken(backoff& wait) {
    const serving cleanup(*this);
    auto opened = co_await with_deadline(timers_, open_deadline, "connecting", open());
    if (!opened) co_return opened.error().detail;
    executor_ = co_await asio::this_coro::executor;
    socket_.emplace(executor_);
    opened = detail::watch(*socket_, connection_);
    if (!opened) co_return opened.error().detail;
    if (PQsetnonblocking(connection_.get(), 1) != 0 || PQenterPipelineMode(connection_.get()) != 1)
      co_return detail::broken_connection(connection_).detail;
    serving_ = std::make_shared<int>();
    arm_watch();
    wait.reset();
    while (!lost_) {
      boost::system::error_code ec;
      co_await socket_->async_wait(detail::descriptor::wait_read, asio::redirect_error(asio::use_awaitable, ec));
      if (lost_) break;
      if (ec) throw boost::system::system_error(ec);
      take_answers();
    }
    co_return lost_->detail;
  }

  /// Fails what is in flight; errc::cancelled when the owner ends the serving rather than the connection.
  void disconnect() {
    const error why = lost_.value_or(error(errc::cancelled, "the reader is stopping"));
    serving_.reset();
    if (watch_) timers_.cancel(*watch_);
    watch_.reset();
    lost_.reset();
    socket_.reset();
    connection_.reset();
    prepared_.clear();
    needs_sync_ = flush_posted_ = waits_for_output_ = false;
    flights_ = 0;
    auto left = std::exchange(in_flight_, {});
    for (auto& message : left)
      if (message.read) message.read->finish(std::unexpected(why));
  }

  /// Ends the serving at the next turn.
  void lose(error why) {
    if (lost_) return;
    lost_ = std::move(why);
    boost::system::error_code ignored;
    socket_->close(ignored);
  }

  result<void> send(const std::string& name, const std::string& sql, std::span<const std::string> parameters,
                    const std::shared_ptr<pending_read>& read) {
    if (!serving_ || lost_) return fail(db_errc::unavailable, "no connection for hot reads");
    if (parameters.size() > parameter_limit) return fail(db_errc::broken, "too many parameters");
    if (in_flight_.size() >= config_.queue_limit) return fail(errc::overloaded, "too many reads are in flight");
    auto* c = connection_.get();
    const auto now = timers_.get_clock().now();
    bool sent = true;
    if (prepared_.insert(name).second) {
      sent = PQsendPrepare(c, name.c_str(), sql.c_str(), 0, nullptr) == 1;
      if (sent) in_flight_.push_back({.what = sent_message::kind::prepare, .at = now, .statement = name});
    }
    std::array<const char*, parameter_limit> values{};
    for (std::size_t i = 0; i < parameters.size(); ++i) values[i] = parameters[i].c_str();
    sent = sent && PQsendQueryPrepared(c, name.c_str(), static_cast<int>(parameters.size()), values.data(), nullptr,
                                       nullptr, 0) == 1;
    if (!sent) {
      lose(detail::broken_connection(connection_));
      return fail(db_errc::unavailable, "the connection for hot reads broke");
    }
    in_flight_.push_back({.what = sent_message::kind::read, .at = now, .statement = name, .read = read});
    flush_soon();
    return {};
  }

  /// Everything asked for in this turn leaves as one batch, with one synchronisation point and one system call.
  void flush_soon() {
    needs_sync_ = true;
    if (flights_ == flights_limit || std::exchange(flush_posted_, true)) return;
    asio::post(executor_, [this, alive = std::weak_ptr(serving_)] {
      if (alive.expired()) return;
      flush_posted_ = false;
      if (!lost_) flush();
    });
  }

  void flush() {
    if (!needs_sync_ || flights_ == flights_limit) return;
    needs_sync_ = false;
    if (PQpipelineSync(connection_.get()) != 1) return lose(detail::broken_connection(connection_));
    ++flights_;
    in_flight_.push_back({.what = sent_message::kind::sync, .at = timers_.get_clock().now()});
    write_output();
  }

  void write_output() {
    const int left = PQflush(connection_.get());
    if (left < 0) return lose(detail::broken_connection(connection_));
    if (left == 0 || std::exchange(waits_for_output_, true)) return;
    socket_->async_wait(detail::descriptor::wait_write,
                        [this, alive = std::weak_ptr(serving_)](boost::system::error_code ec) {
                          if (ec || alive.expired() || lost_) return;
                          waits_for_output_ = false;
                          write_output();
                        });
  }

  void take_answers() {
    auto* c = connection_.get();
    const bool readable = PQconsumeInput(c) == 1;
    while (!lost_ && !in_flight_.empty() && PQisBusy(c) == 0) {
      detail::libpq_result answer(PQgetResult(c));
      take_answer(std::move(answer));
    }
    if (!readable || PQstatus(c) != CONNECTION_OK) return lose(detail::broken_connection(connection_));
    if (!lost_) flush();
  }

  /// A statement has one answer and an end mark (nothing); a synchronisation point has only its answer.
  void take_answer(detail::libpq_result answer) {
    auto& front = in_flight_.front();
    const bool is_sync = front.what == sent_message::kind::sync;
    if (!answer && !front.answered) return lose(detail::broken_connection(connection_));
    if (!answer) return in_flight_.pop_front();
    const auto status = PQresultStatus(answer.get());
    if (is_sync != (status == PGRES_PIPELINE_SYNC)) return lose({db_errc::unavailable, "the pipeline is out of step"});
    if (is_sync) --flights_;
    if (is_sync) return in_flight_.pop_front();
    front.answered = true;
    if (status == PGRES_TUPLES_OK) return front.read->finish(read_rows(answer.release()));
    if (status == PGRES_COMMAND_OK) return;
    // What follows a failed statement in its batch was not run.
    error why = status == PGRES_PIPELINE_ABORTED ? error(db_errc::unavailable, "the batch was given up") : error_of(answer.get());
    const bool unprepared = front.what == sent_message::kind::prepare || state_of(answer.get()) == unknown_statement_state;
    if (unprepared) prepared_.erase(front.statement);
    if (front.read) front.read->finish(std::unexpected(std::move(why)));
  }

  /// statement_timeout is the server's and does not help when the server or the network hangs.
  void arm_watch() {
    watch_ = timers_.call_after(config_.job_limit / watch_fraction, [this] {
      watch_.reset();
      const auto now = timers_.get_clock().now();
      if (!in_flight_.empty() && now - in_flight_.front().at > config_.job_limit)
        return lose({db_errc::timed_out, "the database did not answer in time"});
      arm_watch();
    });
  }

  database_config config_;
  std::string url_;
  timer_queue& timers_;
  logger log_{"database"};
  executor executor_;
  detail::libpq_connection connection_;
  std::optional<detail::descriptor> socket_;
  std::unordered_set<std::string> prepared_;
  std::deque<sent_message> in_flight_;
  /// While serving; handlers that outlive it see that it is gone.
  std::shared_ptr<int> serving_;
  std::optional<error> lost_;
  std::optional<timer_id> watch_;
  int flights_ = 0;
  bool needs_sync_ = false;
  bool flush_posted_ = false;
  bool waits_for_output_ = false;
};

}  // namespace

const char* read_field::c_str() const { return PQgetvalue(rows_, row_, column_); }
std::size_t read_field::size() const { return static_cast<std::size_t>(PQgetlength(rows_, row_, column_)); }
bool read_field::is_null() const { return PQgetisnull(rows_, row_, column_) == 1; }
std::size_t read_rows::size() const { return static_cast<std::size_t>(PQntuples(rows_.get())); }
void read_rows::clear::operator()(pg_result* rows) const { PQclear(rows); }

std::unique_ptr<postgres_reader> make_postgres_reader(database_config config, timer_queue& timers) {
  return std::make_unique<libpq_reader>(std::move(config), timers);
}

}  // namespace drover
