#include <algorithm>
#include <pqxx/pqxx>

#include "engine/history/history_store.hpp"
#include "engine/orders/journal_rows.hpp"
#include "tenants/postgres_calls_detail.hpp"
#include "tenants/postgres_tenant_scope_detail.hpp"

namespace drover::engine {
namespace {

using tenants::boolean_of;
using tenants::decimal_of;
using tenants::execute;
using tenants::integer_of;
using tenants::optional_time_of;
using tenants::statement;
using tenants::tenant_errc;
using tenants::text_of;
using tenants::time_of;
using tenants::view_of;

using connection = pqxx::connection_base;

const std::string order_fields = rows::order_columns() + ", " + tenants::microseconds_of("accepted_at") + ", " +
                                 tenants::microseconds_of("unknown_at") + ", " + tenants::microseconds_of("ended_at") + ", " +
                                 tenants::microseconds_of("updated_at") + ", " + tenants::microseconds_of("sent_at");

/// A filter that is not given disappears when the statement is planned with its values: each combination uses its own index.
/// That is why lists are not prepared.
const std::string order_conditions =
    " WHERE user_id = $1 AND ($2::bigint = 0 OR account_id = $2) AND ($3::bigint = 0 OR bot_id = $3) "
    "AND ($4::text = '' OR symbol = $4) AND ($5::text = '' OR side = $5) AND ($6::text = '' OR state = $6) "
    "AND ($7::timestamptz IS NULL OR created_at >= $7) AND ($8::timestamptz IS NULL OR created_at < $8)";
const std::string newest_orders_sql = "SELECT " + order_fields + " FROM order_intents" + order_conditions +
                                      " AND ($9::timestamptz IS NULL OR (created_at, id) < ($9, $10::uuid)) "
                                      "ORDER BY created_at DESC, id DESC LIMIT $11";
const std::string oldest_orders_sql = "SELECT " + order_fields + " FROM order_intents" + order_conditions +
                                      " AND ($9::timestamptz IS NULL OR (created_at, id) > ($9, $10::uuid)) "
                                      "ORDER BY created_at, id LIMIT $11";
const std::string count_orders_sql =
    "SELECT count(*) FROM (SELECT FROM order_intents" + order_conditions + " LIMIT $9) AS counted";
const statement get_order_sql{"history_get_order",
                              "SELECT " + order_fields + " FROM order_intents WHERE user_id = $1 AND id = $2::uuid"};

const std::string fill_fields =
    "f.id, f.account_id, f.user_id, f.intent_id, coalesce(o.bot_id, 0), a.exchange_name, f.symbol, f.trade_id, f.venue_order_id, f.side, "
    "f.price, f.quantity, f.fee, f.fee_asset, f.maker, " +
    tenants::microseconds_of("f.at") + ", f.quote_asset, f.realised, " + tenants::microseconds_of("f.recorded_at");
/// The account is always there. An outer join tells the planner so: by an inner one it takes few fills for the outcome, and sorts a whole
/// span instead of walking the index.
const std::string fill_conditions =
    " FROM fills f LEFT JOIN user_exchanges a ON a.id = f.account_id LEFT JOIN order_intents o ON o.id = f.intent_id "
    "WHERE f.user_id = $1 AND ($2::bigint = 0 OR f.account_id = $2) AND ($3::bigint = 0 OR o.bot_id = $3) "
    "AND ($4::text = '' OR f.symbol = $4) AND ($5::text = '' OR f.side = $5) AND ($6::uuid IS NULL OR f.intent_id = $6) "
    "AND ($7::timestamptz IS NULL OR f.at >= $7) AND ($8::timestamptz IS NULL OR f.at < $8)";
const std::string newest_fills_sql = "SELECT " + fill_fields + fill_conditions +
                                     " AND ($9::timestamptz IS NULL OR (f.at, f.id) < ($9, $10::bigint)) "
                                     "ORDER BY f.at DESC, f.id DESC LIMIT $11";
const std::string oldest_fills_sql = "SELECT " + fill_fields + fill_conditions +
                                     " AND ($9::timestamptz IS NULL OR (f.at, f.id) > ($9, $10::bigint)) "
                                     "ORDER BY f.at, f.id LIMIT $11";
const std::string count_fills_sql = "SELECT count(*) FROM (SELECT" + fill_conditions + " LIMIT $9) AS counted";

const std::string positions_sql =
    "SELECT p.account_id, a.user_id, a.exchange_name, p.symbol, p.quantity, p.cost, p.realised, " + tenants::microseconds_of("p.updated_at") +
    " FROM positions p JOIN user_exchanges a ON a.id = p.account_id WHERE a.user_id = $1 AND ($2::bigint = 0 OR p.account_id = $2) "
    "AND ($3::text = '' OR p.symbol = $3) AND (NOT $4::boolean OR p.quantity <> 0) "
    "AND ($5::bigint = 0 OR (p.account_id, p.symbol COLLATE \"C\") > ($5, $6::text COLLATE \"C\")) "
    "ORDER BY p.account_id, p.symbol COLLATE \"C\" LIMIT $7";

const std::string days_sql =
    "WITH made AS (SELECT (created_at AT TIME ZONE 'UTC')::date AS day, exchange_name, symbol, "
    "count(*) FILTER (WHERE state = 'intended') AS intended, count(*) FILTER (WHERE state = 'accepted') AS accepted, "
    "count(*) FILTER (WHERE state = 'unknown') AS unknown, count(*) FILTER (WHERE state = 'refused') AS refused, "
    "count(*) FILTER (WHERE state = 'not_placed') AS not_placed, count(*) FILTER (WHERE state = 'closed') AS closed, "
    "count(*) FILTER (WHERE state IN ('refused', 'not_placed') OR unknown_at IS NOT NULL) AS errors "
    "FROM order_intents WHERE created_at >= $1::timestamptz AND created_at < $2::timestamptz GROUP BY 1, 2, 3), "
    "traded AS (SELECT (f.at AT TIME ZONE 'UTC')::date AS day, a.exchange_name, f.symbol, count(*) AS fills, "
    "round(sum(f.price * f.quantity), 18) AS volume, sum(f.realised) AS realised "
    "FROM fills f JOIN user_exchanges a ON a.id = f.account_id "
    "WHERE f.intent_id IS NOT NULL AND f.at >= $1::timestamptz AND f.at < $2::timestamptz GROUP BY 1, 2, 3) "
    "SELECT (extract(epoch FROM day) * 1000000)::bigint, exchange_name, symbol, coalesce(intended, 0), coalesce(accepted, 0), "
    "coalesce(unknown, 0), coalesce(refused, 0), coalesce(not_placed, 0), coalesce(closed, 0), coalesce(errors, 0), coalesce(fills, 0), "
    "coalesce(volume, 0), coalesce(realised, 0) FROM made FULL JOIN traded USING (day, exchange_name, symbol) "
    "ORDER BY day, exchange_name COLLATE \"C\", symbol COLLATE \"C\" LIMIT $3";

int clamp_limit(int limit) { return std::clamp(limit, 1, history_store::page_limit); }

std::optional<std::string> text_of(const std::optional<wall_time>& at) {
  if (!at) return std::nullopt;
  return to_rfc3339(*at);
}
std::string text_of(const std::optional<exchanges::side>& side) {
  return side ? std::string(exchanges::to_string(*side)) : std::string();
}

exchanges::side side_of(const pqxx::field& f) {
  auto side = exchanges::parse_side(view_of(f));
  if (!side) throw std::runtime_error("a fill has an unknown side");
  return *side;
}

std::optional<uuid> uuid_of(const pqxx::field& f) {
  if (f.is_null()) return std::nullopt;
  auto id = uuid::parse(view_of(f));
  if (!id) throw std::runtime_error("a fill has an unknown order");
  return *id;
}

order_record order_record_of(const pqxx::row& row) {
  constexpr int next = rows::order_column_count;
  return {rows::order_of(row),
          {.sent_at = optional_time_of(row[next + 4]),
           .accepted_at = optional_time_of(row[next]),
           .unknown_at = optional_time_of(row[next + 1]),
           .ended_at = optional_time_of(row[next + 2]),
           .updated_at = time_of(row[next + 3])}};
}

fill_record fill_record_of(const pqxx::row& row) {
  fill_record out;
  out.id = fill_id(integer_of(row[0]));
  out.account = account_id(integer_of(row[1]));
  out.user = user_id(integer_of(row[2]));
  out.order = uuid_of(row[3]);
  out.bot = bot_id(integer_of(row[4]));
  out.exchange_name = tenants::text_of(row[5]);
  out.fill = {.symbol = tenants::text_of(row[6]),
              .trade_id = tenants::text_of(row[7]),
              .venue_order_id = tenants::text_of(row[8]),
              .client_order_id = out.order ? out.order->to_hex() : std::string(),
              .side = side_of(row[9]),
              .price = decimal_of(row[10]),
              .quantity = decimal_of(row[11]),
              .fee = decimal_of(row[12]),
              .fee_asset = tenants::text_of(row[13]),
              .maker = boolean_of(row[14]),
              .at = time_of(row[15])};
  out.quote_asset = tenants::text_of(row[16]);
  out.realised = decimal_of(row[17]);
  out.recorded_at = time_of(row[18]);
  return out;
}

position_record position_record_of(const pqxx::row& row) {
  auto symbol = tenants::text_of(row[3]);
  auto assets = split_symbol(symbol);
  return {.account = account_id(integer_of(row[0])),
          .user = user_id(integer_of(row[1])),
          .exchange_name = tenants::text_of(row[2]),
          .symbol = std::move(symbol),
          .base_asset = std::move(assets.base),
          .quote_asset = std::move(assets.quote),
          .position = {.quantity = decimal_of(row[4]), .cost = decimal_of(row[5]), .realised_profit = decimal_of(row[6])},
          .updated_at = time_of(row[7])};
}

order_day order_day_of(const pqxx::row& row) {
  auto symbol = tenants::text_of(row[2]);
  auto quote = split_symbol(symbol).quote;
  return {.day = time_of(row[0]),
          .exchange_name = tenants::text_of(row[1]),
          .symbol = std::move(symbol),
          .quote_asset = std::move(quote),
          .intended = integer_of(row[3]),
          .accepted = integer_of(row[4]),
          .unknown = integer_of(row[5]),
          .refused = integer_of(row[6]),
          .not_placed = integer_of(row[7]),
          .closed = integer_of(row[8]),
          .errors = integer_of(row[9]),
          .fills = integer_of(row[10]),
          .volume = decimal_of(row[11]),
          .realised = decimal_of(row[12])};
}

template <class Row>
std::vector<Row> collect(const pqxx::result& found, Row (*read)(const pqxx::row&)) {
  std::vector<Row> out;
  out.reserve(found.size());
  for (const auto& row : found) out.push_back(read(row));
  return out;
}

/// The arguments of one list, in the order of its conditions; `more` are those behind them.
template <class... More>
pqxx::result ask(pqxx::transaction_base& tx, const std::string& sql, user_id user, const order_filter& f, const More&... more) {
  const auto from = text_of(f.from), to = text_of(f.to);
  return tx.exec_params(sql, user.value, f.account.value, f.bot.value, f.symbol, text_of(f.side),
                        f.state ? std::string(to_string(*f.state)) : std::string(), tenants::null_if_absent(from),
                        tenants::null_if_absent(to), more...);
}
template <class... More>
pqxx::result ask(pqxx::transaction_base& tx, const std::string& sql, user_id user, const fill_filter& f, const More&... more) {
  const auto from = text_of(f.from), to = text_of(f.to);
  const auto order = f.order ? std::optional(f.order->to_string()) : std::nullopt;
  return tx.exec_params(sql, user.value, f.account.value, f.bot.value, f.symbol, text_of(f.side), tenants::null_if_absent(order),
                        tenants::null_if_absent(from), tenants::null_if_absent(to), more...);
}

class postgres_history_store final : public history_store {
 public:
  explicit postgres_history_store(database& db) : db_(db) {}

  task<result<std::vector<order_record>>> orders(user_id user, order_filter filter, order_page page) override {
    auto job = [user, filter = std::move(filter), page](connection& c) {
      const auto at = page.after ? std::optional(to_rfc3339(page.after->created_at)) : std::nullopt;
      const auto id = page.after ? std::optional(page.after->id.to_string()) : std::nullopt;
      pqxx::read_transaction tx(c);
      tenants::act_for(tx, user);
      return collect(ask(tx, page.oldest_first ? oldest_orders_sql : newest_orders_sql, user, filter, tenants::null_if_absent(at),
                         tenants::null_if_absent(id), clamp_limit(page.limit)),
                     order_record_of);
    };
    auto outcome = co_await db_.run("history_orders", std::move(job));
    co_return tenants::from_read(std::move(outcome));
  }

  task<result<std::int64_t>> count_orders(user_id user, order_filter filter) override {
    auto job = [user, filter = std::move(filter)](connection& c) {
      pqxx::read_transaction tx(c);
      tenants::act_for(tx, user);
      return integer_of(ask(tx, count_orders_sql, user, filter, count_limit).at(0)[0]);
    };
    auto outcome = co_await db_.run("history_count_orders", std::move(job));
    co_return tenants::from_read(std::move(outcome));
  }

  task<result<order_record>> get_order(user_id user, uuid id) override {
    auto job = [user, id](connection& c) -> result<order_record> {
      pqxx::read_transaction tx(c);
      tenants::act_for(tx, user);
      auto found = execute(tx, get_order_sql, user.value, id.to_string());
      if (found.empty()) return fail(tenant_errc::not_found);
      return order_record_of(found[0]);
    };
    auto outcome = co_await db_.run("history_get_order", std::move(job));
    co_return tenants::from_job(std::move(outcome));
  }

  task<result<std::vector<fill_record>>> fills(user_id user, fill_filter filter, fill_page page) override {
    auto job = [user, filter = std::move(filter), page](connection& c) {
      const auto at = page.after ? std::optional(to_rfc3339(page.after->at)) : std::nullopt;
      pqxx::read_transaction tx(c);
      tenants::act_for(tx, user);
      return collect(ask(tx, page.oldest_first ? oldest_fills_sql : newest_fills_sql, user, filter, tenants::null_if_absent(at),
                         page.after ? page.after->id.value : 0, clamp_limit(page.limit)),
                     fill_record_of);
    };
    auto outcome = co_await db_.run("history_fills", std::move(job));
    co_return tenants::from_read(std::move(outcome));
  }

  task<result<std::int64_t>> count_fills(user_id user, fill_filter filter) override {
    auto job = [user, filter = std::move(filter)](connection& c) {
      pqxx::read_transaction tx(c);
      tenants::act_for(tx, user);
      return integer_of(ask(tx, count_fills_sql, user, filter, count_limit).at(0)[0]);
    };
    auto outcome = co_await db_.run("history_count_fills", std::move(job));
    co_return tenants::from_read(std::move(outcome));
  }

  task<result<std::vector<position_record>>> positions(user_id user, position_filter filter, position_page page) override {
    auto job = [user, filter = std::move(filter), page = std::move(page)](connection& c) {
      pqxx::read_transaction tx(c);
      tenants::act_for(tx, user);
      return collect(tx.exec_params(positions_sql, user.value, filter.account.value, filter.symbol, filter.open_only,
                                    page.after_account.value, page.after_symbol, clamp_limit(page.limit)),
                     position_record_of);
    };
    auto outcome = co_await db_.run("history_positions", std::move(job));
    co_return tenants::from_read(std::move(outcome));
  }

  task<result<std::vector<order_day>>> order_days(wall_time from, wall_time to, int limit) override {
    auto job = [from, to, limit](connection& c) {
      pqxx::nontransaction tx(c);
      return collect(tx.exec_params(days_sql, to_rfc3339(from), to_rfc3339(to), limit), order_day_of);
    };
    auto outcome = co_await db_.run("history_order_days", std::move(job));
    co_return tenants::from_read(std::move(outcome));
  }

 private:
  database& db_;
};

}  // namespace

std::unique_ptr<history_store> make_postgres_history_store(database& db) { return std::make_unique<postgres_history_store>(db); }

}  // namespace drover::engine
