#include <algorithm>

#include "tenants/earnings/earnings_store.hpp"
#include "tenants/postgres_calls_detail.hpp"
#include "tenants/postgres_tenant_scope_detail.hpp"

namespace drover::tenants {
namespace {

using connection = pqxx::connection_base;

constexpr int page_limit = 1000;
constexpr int series_limit = 2000;

const statement select_earnings{
    "earnings_list",
    "SELECT id, user_id, coalesce(account_id, 0), source, asset, amount, " + microseconds_of("at") +
        ", cause_kind, cause_id FROM earnings "
        "WHERE user_id = $1 AND ($2::bigint IS NULL OR account_id = $2) AND ($3::text IS NULL OR source = $3) "
        "AND ($4::timestamptz IS NULL OR at >= $4) AND ($5::timestamptz IS NULL OR at < $5) "
        "AND ($6::bigint = 0 OR id < $6) ORDER BY id DESC LIMIT $7"};

const statement select_totals{"earnings_totals",
                              "SELECT source, asset, amount, count FROM earning_totals WHERE user_id = $1 "
                              "ORDER BY source, asset"};

/// Only the range is read: what came before it is the running total without it.
const statement select_series{
    "earnings_series",
    "WITH buckets AS (SELECT date_bin(make_interval(secs => $4), at, 'epoch'::timestamptz) AS start, sum(amount) AS "
    "amount "
    "FROM earnings WHERE user_id = $1 AND asset = $2 AND at >= $3::timestamptz GROUP BY start), "
    "earlier AS (SELECT coalesce((SELECT sum(amount) FROM earning_totals WHERE user_id = $1 AND asset = $2), 0) "
    "- coalesce((SELECT sum(amount) FROM buckets), 0) AS amount) "
    "SELECT " +
        microseconds_of("b.start") +
        ", b.amount, earlier.amount + sum(b.amount) OVER (ORDER BY b.start) FROM buckets b, earlier "
        "ORDER BY b.start DESC LIMIT $5"};

const statement select_imbalances{
    "ledger_sums", "SELECT asset, sum(amount), count(*) FROM ledger_postings GROUP BY asset ORDER BY asset"};

earning earning_of(const pqxx::row& row) {
  return {.id = integer_of(row[0]),
          .user = user_id(integer_of(row[1])),
          .account = account_id(integer_of(row[2])),
          .source = text_of(row[3]),
          .asset = text_of(row[4]),
          .amount = decimal_of(row[5]),
          .at = time_of(row[6]),
          .cause_kind = text_of(row[7]),
          .cause_id = text_of(row[8])};
}

std::optional<std::string> time_parameter(std::optional<wall_time> at) {
  return at ? std::optional(to_rfc3339(*at)) : std::nullopt;
}

std::vector<earning> select_page(connection& c, user_id user, const earnings_filter& filter) {
  auto account = filter.account ? std::optional(std::to_string(filter.account->value)) : std::nullopt;
  auto from = time_parameter(filter.from);
  auto to = time_parameter(filter.to);
  pqxx::read_transaction tx(c);
  act_for(tx, user);
  auto rows =
      execute(tx, select_earnings, user.value, null_if_absent(account), null_if_absent(filter.source),
              null_if_absent(from), null_if_absent(to), filter.before_id, std::clamp(filter.limit, 1, page_limit));
  std::vector<earning> page;
  page.reserve(rows.size());
  for (const auto& row : rows) page.push_back(earning_of(row));
  return page;
}

std::vector<earnings_point> select_points(connection& c, user_id user, const std::string& asset, wall_time from,
                                          seconds bucket) {
  pqxx::read_transaction tx(c);
  act_for(tx, user);
  auto rows = execute(tx, select_series, user.value, asset, to_rfc3339(from), bucket.count(), series_limit);
  std::vector<earnings_point> points;
  points.reserve(rows.size());
  for (const auto& row : rows)
    points.push_back({.at = time_of(row[0]), .amount = decimal_of(row[1]), .total = decimal_of(row[2])});
  std::ranges::reverse(points);
  return points;
}

class postgres_earnings_store final : public earnings_store {
public:
  explicit postgres_earnings_store(database& db) : db_(db) {}

  task<result<std::vector<earning>>> list(user_id user, earnings_filter filter) override {
    auto job = [user, filter = std::move(filter)](connection& c) { return select_page(c, user, filter); };
    auto outcome = co_await db_.run("earnings_list", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<std::vector<earnings_total>>> totals(user_id user) override {
    auto job = [user](connection& c) {
      pqxx::read_transaction tx(c);
      act_for(tx, user);
      auto rows = execute(tx, select_totals, user.value);
      std::vector<earnings_total> totals;
      for (const auto& row : rows)
        totals.push_back({.source = text_of(row[0]),
                          .asset = text_of(row[1]),
                          .amount = decimal_of(row[2]),
                          .count = integer_of(row[3])});
      return totals;
    };
    auto outcome = co_await db_.run("earnings_totals", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<std::vector<earnings_point>>> series(user_id user, std::string asset, wall_time from,
                                                   seconds bucket) override {
    if (bucket < 1s) co_return fail(tenant_errc::invalid, "bucket: must be at least one second");
    auto job = [user, asset = std::move(asset), from, bucket](connection& c) {
      return select_points(c, user, asset, from, bucket);
    };
    auto outcome = co_await db_.run("earnings_series", std::move(job));
    co_return from_read(std::move(outcome));
  }

  task<result<std::vector<earnings_total>>> ledger_imbalances() override {
    auto job = [](connection& c) {
      pqxx::nontransaction tx(c);
      auto rows = execute(tx, select_imbalances);
      std::vector<earnings_total> sums;
      for (const auto& row : rows)
        sums.push_back(
            {.source = "ledger", .asset = text_of(row[0]), .amount = decimal_of(row[1]), .count = integer_of(row[2])});
      return sums;
    };
    auto outcome = co_await db_.run("ledger_sums", std::move(job));
    co_return from_read(std::move(outcome));
  }

private:
  database& db_;
};

}  // namespace

std::unique_ptr<earnings_store> make_postgres_earnings_store(database& db) {
  return std::make_unique<postgres_earnings_store>(db);
}

}  // namespace drover::tenants
