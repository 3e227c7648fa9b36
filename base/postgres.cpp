#include "base/postgres.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <pqxx/pqxx>
#include <thread>
#include <vector>

#include "base/completion_detail.hpp"
#include "base/log.hpp"
#include "base/postgres_error.hpp"

namespace drover {
namespace {

constexpr milliseconds keeper_interval{100};

/// One job and where its outcome goes; lives in the awaiting coroutine.
struct pooled_job {
  database_job work;
  steady_time queued_at;
  result<void> outcome;
  detail::completion done;

  void finish(result<void> how) {
    outcome = std::move(how);
    work = nullptr;
    auto resume = std::move(done);
    resume({});
  }
};

std::unique_ptr<pqxx::connection> connect(const std::string& url) {
  auto made = std::make_unique<pqxx::connection>(url);
  made->set_verbosity(pqxx::connection_base::terse);
  return made;
}

/// A server that went away has closed its end: an idle connection with something to read is of no use any more. One
/// cheap system call here, so that a restart of the server does not fail the first job of every connection.
bool is_stale(const pqxx::connection& connection) {
  pollfd socket{.fd = connection.sock(), .events = POLLIN, .revents = 0};
  return socket.fd < 0 || poll(&socket, 1, 0) != 0;
}

class pooled_database final : public database {
 public:
  pooled_database(database_config config, const clock& time)
      : config_(std::move(config)), url_(detail::session_url(config_)), time_(time), workers_(config_.connections) {
    for (auto& worker : workers_) {
      worker.thread = std::thread([this, &worker] { run_worker(worker); });
      pthread_setname_np(worker.thread.native_handle(), "database");
    }
    keeper_ = std::thread([this] { run_keeper(); });
    pthread_setname_np(keeper_.native_handle(), "database-keeper");
  }

  ~pooled_database() override {
    std::deque<pooled_job*> left;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      left.swap(waiting_);
    }
    ready_.notify_all();
    stop_keeper_.notify_all();
    for (auto* job : left) job->finish(fail(db_errc::unavailable, "the database pool is stopping"));
    for (auto& worker : workers_) worker.thread.join();
    keeper_.join();
  }

  task<result<void>> run_job(std::string_view, database_job work) override {
    pooled_job mine;
    mine.work = std::move(work);
    auto start = [this, &mine](detail::completion done) {
      mine.done = std::move(done);
      mine.queued_at = time_.now();
      if (!try_add(mine)) mine.finish(fail(errc::overloaded, "too many statements are waiting for the database"));
    };
    co_await detail::await_completion(std::move(start));
    co_return std::move(mine.outcome);
  }

  statistics get_statistics() const override {
    const std::lock_guard lock(mutex_);
    statistics now{.waiting = waiting_.size()};
    for (const auto& worker : workers_) {
      now.open += worker.socket >= 0;
      now.busy += worker.busy_since.has_value();
    }
    return now;
  }

 private:
  struct worker_state {
    std::thread thread;
    /// Of its own thread only.
    std::unique_ptr<pqxx::connection> connection;
    /// What the keeper needs, under the mutex: the connection's socket and since when a job runs.
    int socket = -1;
    std::optional<steady_time> busy_since;
  };

  bool try_add(pooled_job& job) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_ || waiting_.size() >= config_.queue_limit) return false;
      waiting_.push_back(&job);
      if (idle_ == 0) return true;
    }
    ready_.notify_one();
    return true;
  }

  /// The next job; null at the end. Sleeps only when nothing waits.
  pooled_job* take(worker_state& me) {
    std::unique_lock lock(mutex_);
    me.busy_since.reset();
    ++idle_;
    ready_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    --idle_;
    if (stopping_) return nullptr;
    me.busy_since = time_.now();
    auto* job = waiting_.front();
    waiting_.pop_front();
    return job;
  }

  void run_worker(worker_state& me) {
    while (auto* job = take(me)) job->finish(execute(*job, me));
    me.connection.reset();
  }

  bool is_overdue(const pooled_job& job, steady_time now) const { return now - job.queued_at > config_.queue_timeout; }
  static result<void> overdue() { return fail(db_errc::timed_out, "no database connection became free in time"); }

  void open(worker_state& me) {
    me.connection = connect(url_);
    set_socket(me, me.connection->sock());
  }
  void drop(worker_state& me) {
    set_socket(me, -1);
    me.connection.reset();
  }
  void set_socket(worker_state& me, int socket) {
    const std::lock_guard lock(mutex_);
    me.socket = socket;
  }

  result<void> execute(pooled_job& job, worker_state& me) {
    if (is_overdue(job, time_.now())) return overdue();
    try {
      if (me.connection && is_stale(*me.connection)) drop(me);
      if (!me.connection) open(me);
      job.work({me.connection.get()});
      return {};
    } catch (...) {
      auto failure = detail::to_database_failure(std::current_exception());
      if (me.connection && (failure.connection_lost || !me.connection->is_open())) drop(me);
      return std::unexpected(std::move(failure.what));
    }
  }

  /// Keeps the limits when the server or the network hangs, so that no worker can: refuses jobs that waited too long, and
  /// cuts the connection of a job that runs too long (which then fails as with any broken connection).
  void run_keeper() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      stop_keeper_.wait_for(lock, keeper_interval);
      const auto now = time_.now();
      std::vector<pooled_job*> refused;
      for (; !waiting_.empty() && is_overdue(*waiting_.front(), now); waiting_.pop_front()) refused.push_back(waiting_.front());
      const bool cut = cut_hung_connections(now);
      lock.unlock();
      for (auto* job : refused) job->finish(overdue());
      if (cut) log_.warn("a job on the database took too long; its connection was cut");
      lock.lock();
    }
  }

  bool cut_hung_connections(steady_time now) {
    bool any = false;
    for (auto& worker : workers_) {
      if (worker.socket < 0 || !worker.busy_since || now - *worker.busy_since <= config_.job_limit) continue;
      shutdown(worker.socket, SHUT_RDWR);
      worker.socket = -1;
      any = true;
    }
    return any;
  }

  database_config config_;
  std::string url_;
  const clock& time_;
  logger log_{"database"};
  mutable std::mutex mutex_;
  std::condition_variable ready_, stop_keeper_;
  std::deque<pooled_job*> waiting_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
  std::vector<worker_state> workers_;
  std::thread keeper_;
};

}  // namespace

std::unique_ptr<database> make_database(database_config config, const clock& time) {
  return std::make_unique<pooled_database>(std::move(config), time);
}

result<void> run_blocking(const database_config& config, const std::function<void(pqxx::connection_base&)>& work) {
  try {
    auto connection = connect(detail::session_url(config));
    work(*connection);
    return {};
  } catch (...) {
    return std::unexpected(detail::to_database_failure(std::current_exception()).what);
  }
}

const std::string& prepared(pqxx::connection_base& connection, const std::string& name, const char* sql) {
  connection.prepare(name, sql);
  return name;
}

}  // namespace drover
