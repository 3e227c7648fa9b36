#include "base/postgres.hpp"

#include <pthread.h>

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <pqxx/pqxx>
#include <thread>
#include <vector>

#include "base/completion_detail.hpp"
#include "base/log.hpp"
#include "base/postgres_error.hpp"

namespace drover {
namespace {

/// Jobs a worker takes per wake-up: saves lock round trips when many wait, without starving the other workers.
constexpr std::size_t jobs_per_wakeup = 4;

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

class pooled_database final : public database {
 public:
  pooled_database(database_config config, const clock& time)
      : config_(std::move(config)), url_(detail::session_url(config_)), time_(time) {
    for (std::size_t i = 0; i < config_.connections; ++i) {
      threads_.emplace_back([this] { run_worker(); });
      pthread_setname_np(threads_.back().native_handle(), "database");
    }
  }

  ~pooled_database() override {
    std::deque<pooled_job*> left;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      left.swap(waiting_);
    }
    ready_.notify_all();
    for (auto* job : left) job->finish(fail(db_errc::unavailable, "the database pool is stopping"));
    for (auto& thread : threads_) thread.join();
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
    return {open_, busy_, waiting_.size()};
  }

 private:
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

  std::size_t take(std::array<pooled_job*, jobs_per_wakeup>& taken) {
    std::unique_lock lock(mutex_);
    ++idle_;
    ready_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    --idle_;
    if (stopping_) return 0;
    const std::size_t share = std::max<std::size_t>(1, waiting_.size() / config_.connections);
    const std::size_t count = std::min({jobs_per_wakeup, share, waiting_.size()});
    for (std::size_t i = 0; i < count; ++i) {
      taken[i] = waiting_.front();
      waiting_.pop_front();
    }
    ++busy_;
    return count;
  }

  void run_worker() {
    std::unique_ptr<pqxx::connection> connection;
    std::array<pooled_job*, jobs_per_wakeup> taken{};
    for (;;) {
      const std::size_t count = take(taken);
      if (count == 0) return;
      for (std::size_t i = 0; i < count; ++i) taken[i]->finish(execute(*taken[i], connection));
      const std::lock_guard lock(mutex_);
      --busy_;
    }
  }

  void count_open(int difference) {
    const std::lock_guard lock(mutex_);
    open_ += static_cast<std::size_t>(difference);
  }

  result<void> execute(pooled_job& job, std::unique_ptr<pqxx::connection>& connection) {
    if (time_.now() - job.queued_at > config_.queue_timeout)
      return fail(db_errc::timed_out, "no database connection became free in time");
    try {
      if (!connection) {
        connection = connect(url_);
        count_open(1);
      }
      job.work({connection.get()});
      return {};
    } catch (...) {
      auto failure = detail::to_database_failure(std::current_exception());
      if (connection && (failure.connection_lost || !connection->is_open())) {
        connection.reset();
        count_open(-1);
      }
      return std::unexpected(std::move(failure.what));
    }
  }

  database_config config_;
  std::string url_;
  const clock& time_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<pooled_job*> waiting_;
  std::size_t open_ = 0, busy_ = 0, idle_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
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
