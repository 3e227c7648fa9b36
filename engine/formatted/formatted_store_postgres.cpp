#include <limits>

#include "engine/formatted/formatted_writer_postgres_detail.hpp"

namespace drover::engine {

namespace {

// What is compiled can be compiled again, so it need not wait for the disk; rows and position stay together all the same.
constexpr const char* no_wait = "set local synchronous_commit = off";
constexpr const char* try_share_lock = "select pg_try_advisory_xact_lock_shared($1)";
constexpr const char* make_position =
    "insert into formatted_positions (stream, sequence, received_at) values ($1, -1, 'epoch') on conflict do nothing";
constexpr const char* lock_position = "select sequence from formatted_positions where stream = $1 for update skip locked";
constexpr const char* move_position =
    "update formatted_positions set sequence = $2, received_at = $3, rows_read = rows_read + $4, rejected = rejected + $5, "
    "updated_at = now() where stream = $1";
constexpr const char* select_progress = "select stream, greatest(sequence, 0), rows_read, rejected from formatted_positions order by stream";

class postgres_formatted_store final : public formatted_store {
 public:
  postgres_formatted_store(database& db, exchanges::protocol_source protocols)
      : db_(db), protocols_(protocols), history_(std::make_shared<history>(std::move(protocols))) {}

  task<result<std::vector<std::string>>> list_streams() override {
    auto found = co_await db_.run("raw streams", [](pqxx::connection_base& c) {
      pqxx::nontransaction tx(c);
      return detail::read_streams(tx);
    });
    co_return found;
  }

  task<result<compile_step>> compile_next(std::string stream, compile_limits limits) override {
    auto job = [stream = std::move(stream), limits, protocols = protocols_, kept = history_](pqxx::connection_base& c) {
      const std::scoped_lock one_at_a_time(kept->guard);
      return compile(c, stream, limits, protocols, kept->instruments);
    };
    auto done = co_await db_.run("compile raw records", std::move(job));
    co_return done;
  }

  task<result<std::vector<progress>>> list_progress() override {
    auto found = co_await db_.run("compile progress", [](pqxx::connection_base& c) {
      pqxx::nontransaction tx(c);
      std::vector<progress> out;
      for (const auto& row : tx.exec(select_progress))
        out.push_back({row[0].as<std::string>(), row[1].as<std::uint64_t>(), row[2].as<std::uint64_t>(), row[3].as<std::uint64_t>()});
      return out;
    });
    co_return found;
  }

 private:
  struct history {
    explicit history(exchanges::protocol_source p) : instruments(std::move(p)) {}
    std::mutex guard;
    detail::instrument_history instruments;
  };

  static compile_step compile(pqxx::connection_base& c, const std::string& stream, compile_limits limits,
                              const exchanges::protocol_source& protocols, detail::instrument_history& instruments) {
    compile_step out;
    pqxx::work tx(c);
    tx.exec(no_wait);
    out.paused = !tx.exec_params(try_share_lock, detail::compile_lock)[0][0].as<bool>();
    if (out.paused) return out;
    tx.exec_params(make_position, stream);
    const auto at = tx.exec_params(lock_position, stream);
    // Another engine is at it.
    out.paused = at.empty();
    if (out.paused) return out;
    detail::raw_range range;
    range.stream = stream;
    constexpr auto no_end = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    const auto position = at[0][0].as<std::int64_t>();
    range.after = static_cast<std::uint64_t>(std::max<std::int64_t>(position, 0));
    range.upto = no_end;
    const auto rows = detail::read_raw_rows(c, tx, range, limits);
    if (rows.empty()) {
      tx.commit();
      return out;
    }
    const auto compiled = detail::compile_rows(c, tx, protocols, instruments, rows);
    detail::write_rows(c, tx, compiled, detail::all_formatted_tables);
    const auto& last = rows.back();
    tx.exec_params(move_position, stream, last.sequence, to_rfc3339(last.received_at), rows.size(), compiled.rejects.size());
    tx.commit();
    out.rows_read = rows.size();
    out.rejected = compiled.rejects.size();
    out.more = true;
    return out;
  }

  database& db_;
  exchanges::protocol_source protocols_;
  std::shared_ptr<history> history_;
};

}  // namespace

std::unique_ptr<formatted_store> make_postgres_formatted_store(database& db, exchanges::protocol_source protocols) {
  return std::make_unique<postgres_formatted_store>(db, std::move(protocols));
}

}  // namespace drover::engine
