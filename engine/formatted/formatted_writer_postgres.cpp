#include "engine/formatted/formatted_writer_postgres_detail.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

namespace drover::engine::detail {

namespace {

/// The sum of sizes counts no bytes of the bodies themselves: they are read only for the rows that are taken.
constexpr const char* select_rows =
    "select sequence, received_ns, kind, status, account, operation, arguments, body from ("
    "select *, sum(length(body)) over (order by sequence) - length(body) as before from ("
    "select sequence, received_ns, kind, status, account, operation, arguments, body from raw_records "
    "where stream = $1 and sequence > $2 and sequence <= $3 and received_at >= $4 and received_at < $5 "
    "order by sequence limit $6) as taken) as measured where before < $7 order by sequence";
constexpr const char* select_streams =
    "with recursive streams as ((select stream from raw_records order by stream limit 1) union all "
    "select (select r.stream from raw_records r where r.stream > s.stream order by r.stream limit 1) from streams s "
    "where s.stream is not null) select stream from streams where stream is not null";

/// Loads of instruments: the last ones up to a moment, and all until another.
constexpr const char* select_loads_before =
    "select sequence, received_ns, arguments from raw_records where stream = $1 and operation = 'instruments' "
    "and received_at <= $2 order by received_at desc, sequence desc limit 40";
constexpr const char* select_loads_within =
    "select sequence, received_ns, arguments from raw_records where stream = $1 and operation = 'instruments' "
    "and received_at > $2 and received_at <= $3 order by received_at, sequence";
constexpr const char* select_load =
    "select sequence, received_ns, kind, status, account, operation, arguments, body from raw_records "
    "where stream = $1 and sequence >= $2 and sequence <= $3 and operation = 'instruments' order by sequence";

constexpr const char* upsert_balance =
    "insert into formatted_balances as t (exchange, account, asset, hour, free, locked, stream, sequence, received_at, compiler) "
    "values ($1, $2, $3, date_trunc('hour', $8::timestamptz, 'utc'), $4, $5, $6, $7, $8, $9) "
    "on conflict (exchange, account, asset, hour) do update set free = excluded.free, locked = excluded.locked, "
    "stream = excluded.stream, sequence = excluded.sequence, received_at = excluded.received_at, compiler = excluded.compiler, "
    "compiled_at = now() where (excluded.received_at, excluded.stream collate \"C\", excluded.sequence) > "
    "(t.received_at, t.stream collate \"C\", t.sequence)";
constexpr const char* upsert_order =
    "insert into formatted_orders as t (exchange, account, symbol, venue_order_id, client_order_id, side, type, status, price, "
    "quantity, filled_quantity, filled_notional, updated_at, complete, terminal, stream, sequence, received_at, compiler) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) "
    "on conflict (exchange, account, symbol, venue_order_id) do update set client_order_id = excluded.client_order_id, "
    "side = excluded.side, type = excluded.type, status = excluded.status, price = excluded.price, quantity = excluded.quantity, "
    "filled_quantity = excluded.filled_quantity, filled_notional = excluded.filled_notional, updated_at = excluded.updated_at, "
    "complete = excluded.complete, terminal = excluded.terminal, stream = excluded.stream, sequence = excluded.sequence, "
    "received_at = excluded.received_at, compiler = excluded.compiler, compiled_at = now() "
    "where (excluded.complete, excluded.terminal, excluded.filled_quantity, excluded.received_at, excluded.stream collate \"C\", "
    "excluded.sequence) > (t.complete, t.terminal, t.filled_quantity, t.received_at, t.stream collate \"C\", t.sequence)";
constexpr const char* upsert_fill =
    "insert into formatted_fills as t (exchange, account, symbol, trade_id, venue_order_id, client_order_id, side, price, quantity, "
    "fee, fee_asset, maker, filled_at, stream, sequence, received_at, compiler) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) "
    "on conflict (exchange, account, symbol, trade_id) do update set venue_order_id = excluded.venue_order_id, "
    "client_order_id = excluded.client_order_id, side = excluded.side, price = excluded.price, quantity = excluded.quantity, "
    "fee = excluded.fee, fee_asset = excluded.fee_asset, maker = excluded.maker, filled_at = excluded.filled_at, "
    "stream = excluded.stream, sequence = excluded.sequence, received_at = excluded.received_at, compiler = excluded.compiler, "
    "compiled_at = now() where (excluded.fee_asset = '', excluded.received_at, excluded.stream collate \"C\", excluded.sequence) < "
    "(t.fee_asset = '', t.received_at, t.stream collate \"C\", t.sequence)";
constexpr const char* upsert_candle =
    "insert into formatted_candles as t (exchange, symbol, interval_name, opens_at, open, high, low, close, volume, stream, "
    "sequence, received_at, compiler) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) "
    "on conflict (exchange, symbol, interval_name, opens_at) do update set open = excluded.open, high = excluded.high, "
    "low = excluded.low, close = excluded.close, volume = excluded.volume, stream = excluded.stream, sequence = excluded.sequence, "
    "received_at = excluded.received_at, compiler = excluded.compiler, compiled_at = now() "
    "where (excluded.received_at, excluded.stream collate \"C\", excluded.sequence) > "
    "(t.received_at, t.stream collate \"C\", t.sequence)";
constexpr const char* insert_reject =
    "insert into formatted_rejects (stream, sequence, received_at, operation, reason, compiler) values ($1, $2, $3, $4, $5, $6) "
    "on conflict do nothing";

constexpr const char* earliest = "-infinity";
constexpr const char* latest = "infinity";
constexpr std::string_view rest_stream_ending = ".rest";
/// Tables of instruments that are kept in memory, of all exchanges.
constexpr std::size_t history_limit = 32;

exchanges::spool_record to_record(const std::string& stream, const pqxx::row& row) {
  exchanges::spool_record r;
  r.stream = stream;
  r.sequence = row[0].as<std::uint64_t>();
  r.received_at = wall_time{nanoseconds(row[1].as<std::int64_t>())};
  r.kind = static_cast<exchanges::spool_kind>(row[2].as<int>());
  r.status = row[3].as<int>();
  r.account = row[4].as<std::string>();
  r.operation = row[5].as<std::string>();
  r.arguments = row[6].as<std::string>();
  r.body = pqxx::binarystring(row[7]).str();
  return r;
}

instrument_history::table in_force(const instrument_history::timeline& times, wall_time at) {
  static const auto none = std::make_shared<const exchanges::instrument_table>();
  auto found = none;
  for (const auto& [from, table] : times) {
    if (from > at) break;
    found = table;
  }
  return found;
}

void write_balances(pqxx::connection_base& c, pqxx::transaction_base& tx, const formatted_rows& rows) {
  const std::string statement = prepared(c, "formatted_upsert_balance", upsert_balance);
  for (const auto& [key, r] : rows.balances)
    tx.exec_prepared(statement, r.exchange, r.account, r.balance.asset, r.balance.free.to_string(), r.balance.locked.to_string(),
                     r.origin.stream, r.origin.sequence, to_rfc3339(r.origin.received_at), compiler_version);
}

void write_orders(pqxx::connection_base& c, pqxx::transaction_base& tx, const formatted_rows& rows) {
  const std::string statement = prepared(c, "formatted_upsert_order", upsert_order);
  for (const auto& [key, r] : rows.orders) {
    const auto& o = r.order;
    tx.exec_prepared(statement, r.exchange, r.account, o.symbol, o.venue_order_id, o.client_order_id,
                     std::string(exchanges::to_string(o.side)), std::string(exchanges::to_string(o.type)),
                     std::string(exchanges::to_string(o.status)), o.price.to_string(), o.quantity.to_string(),
                     o.filled_quantity.to_string(), o.filled_notional.to_string(), to_rfc3339(o.updated_at), o.complete,
                     exchanges::is_terminal(o.status), r.origin.stream, r.origin.sequence, to_rfc3339(r.origin.received_at),
                     compiler_version);
  }
}

void write_fills(pqxx::connection_base& c, pqxx::transaction_base& tx, const formatted_rows& rows) {
  const std::string statement = prepared(c, "formatted_upsert_fill", upsert_fill);
  for (const auto& [key, r] : rows.fills) {
    const auto& f = r.fill;
    tx.exec_prepared(statement, r.exchange, r.account, f.symbol, f.trade_id, f.venue_order_id, f.client_order_id,
                     std::string(exchanges::to_string(f.side)), f.price.to_string(), f.quantity.to_string(), f.fee.to_string(),
                     f.fee_asset, f.maker, to_rfc3339(f.at), r.origin.stream, r.origin.sequence,
                     to_rfc3339(r.origin.received_at), compiler_version);
  }
}

void write_candles(pqxx::connection_base& c, pqxx::transaction_base& tx, const formatted_rows& rows) {
  const std::string statement = prepared(c, "formatted_upsert_candle", upsert_candle);
  for (const auto& [key, r] : rows.candles) {
    const auto& k = r.candle;
    tx.exec_prepared(statement, r.exchange, k.symbol, std::string(exchanges::to_string(k.interval)), to_rfc3339(k.opens_at),
                     k.open.to_string(), k.high.to_string(), k.low.to_string(), k.close.to_string(), k.volume.to_string(),
                     r.origin.stream, r.origin.sequence, to_rfc3339(r.origin.received_at), compiler_version);
  }
}

void write_rejects(pqxx::connection_base& c, pqxx::transaction_base& tx, const formatted_rows& rows) {
  const std::string statement = prepared(c, "formatted_insert_reject", insert_reject);
  for (const auto& r : rows.rejects)
    tx.exec_prepared(statement, r.origin.stream, r.origin.sequence, to_rfc3339(r.origin.received_at), r.operation, r.reason,
                     compiler_version);
}

}  // namespace

std::vector<exchanges::spool_record> read_raw_rows(pqxx::connection_base& c, pqxx::transaction_base& tx, const raw_range& range,
                                                   compile_limits limits) {
  const auto found =
      tx.exec_prepared(prepared(c, "formatted_select_rows", select_rows), range.stream, range.after, range.upto,
                       range.from.empty() ? earliest : range.from.c_str(), range.to.empty() ? latest : range.to.c_str(),
                       limits.rows, limits.bytes);
  std::vector<exchanges::spool_record> out;
  out.reserve(found.size());
  for (const auto& row : found) out.push_back(to_record(range.stream, row));
  return out;
}

std::vector<std::string> read_streams(pqxx::transaction_base& tx) {
  std::vector<std::string> out;
  for (const auto& row : tx.exec(select_streams)) out.push_back(row[0].as<std::string>());
  return out;
}

/// The raw records of one load.
struct instrument_history::load {
  std::uint64_t first = 0, last = 0;
  wall_time at;
};

instrument_history::table instrument_history::read(pqxx::connection_base& c, pqxx::transaction_base& tx, const std::string& stream,
                                                   const load& which) {
  const auto key = std::pair(stream, which.last);
  if (const auto found = known_.find(key); found != known_.end()) return found->second;
  const auto* protocol = protocols_(exchanges::exchange_of(stream));
  table made;
  if (protocol) {
    exchanges::instrument_reader reader(*protocol);
    for (const auto& row :
         tx.exec_prepared(prepared(c, "formatted_select_load", select_load), stream, which.first, which.last))
      if (auto complete = reader.add(to_record(stream, row))) made = std::move(complete);
  }
  if (known_.size() >= history_limit) known_.erase(known_.begin());
  known_[key] = made;
  return made;
}

instrument_history::timeline instrument_history::find(pqxx::connection_base& c, pqxx::transaction_base& tx,
                                                      const std::string& exchange, wall_time from, wall_time to) {
  const auto stream = exchange + std::string(rest_stream_ending);
  std::vector<load> loads;
  const auto add = [&loads](const pqxx::row& row) {
    const auto sequence = row[0].as<std::uint64_t>();
    const bool begins = row[2].as<std::string>().find("step=") == std::string::npos;
    if (begins || loads.empty()) loads.push_back({sequence, sequence, {}});
    loads.back().last = sequence;
    loads.back().at = wall_time{nanoseconds(row[1].as<std::int64_t>())};
  };
  const auto before = tx.exec_prepared(prepared(c, "formatted_loads_before", select_loads_before), stream, to_rfc3339(from));
  for (auto row = before.size(); row-- > 0;) add(before[row]);
  const auto count_before = loads.size();
  for (const auto& row :
       tx.exec_prepared(prepared(c, "formatted_loads_within", select_loads_within), stream, to_rfc3339(from), to_rfc3339(to)))
    add(row);
  timeline out;
  // Of those before, the latest that can be read counts.
  for (auto i = loads.size(); i-- > 0;) {
    auto made = read(c, tx, stream, loads[i]);
    if (!made) continue;
    out.insert(out.begin(), {loads[i].at, std::move(made)});
    if (i < count_before) break;
  }
  return out;
}

namespace {

/// Calls `each(row, said)` for every row, interpreted with the instruments of its time.
template <class Each>
void interpret_rows(pqxx::connection_base& c, pqxx::transaction_base& tx, const exchanges::venue_protocol& protocol,
                    instrument_history& history, const std::vector<exchanges::spool_record>& rows, Each each) {
  if (rows.empty()) return;
  const auto [from, to] = std::ranges::minmax(rows, {}, &exchanges::spool_record::received_at);
  const std::string exchange(exchanges::exchange_of(rows.front().stream));
  const auto times = history.find(c, tx, exchange, from.received_at, to.received_at);
  for (const auto& r : rows) each(r, exchanges::interpret_record(protocol, r, *in_force(times, r.received_at)));
}

}  // namespace

formatted_rows compile_rows(pqxx::connection_base& c, pqxx::transaction_base& tx, const exchanges::protocol_source& protocols,
                            instrument_history& history, const std::vector<exchanges::spool_record>& rows) {
  formatted_rows out;
  if (rows.empty()) return out;
  if (const auto* protocol = protocols(exchanges::exchange_of(rows.front().stream))) {
    const auto add = [&out](const exchanges::spool_record& r, exchanges::interpreted_record said) { out.add(r, std::move(said)); };
    interpret_rows(c, tx, *protocol, history, rows, add);
    return out;
  }
  for (const auto& r : rows) {
    exchanges::interpreted_record unknown;
    unknown.reject = "no exchange of this name is configured";
    out.add(r, std::move(unknown));
  }
  return out;
}

std::vector<exchanges::public_trade> read_trades(pqxx::connection_base& c, pqxx::transaction_base& tx,
                                                 const exchanges::venue_protocol& protocol, instrument_history& history,
                                                 const std::vector<exchanges::spool_record>& rows) {
  std::vector<exchanges::public_trade> out;
  const auto add = [&out](const exchanges::spool_record&, exchanges::interpreted_record said) {
    out.insert(out.end(), std::make_move_iterator(said.trades.begin()), std::make_move_iterator(said.trades.end()));
  };
  interpret_rows(c, tx, protocol, history, rows, add);
  return out;
}

void write_rows(pqxx::connection_base& c, pqxx::transaction_base& tx, const formatted_rows& rows, const std::set<std::string>& tables) {
  if (tables.contains("balances")) write_balances(c, tx, rows);
  if (tables.contains("orders")) write_orders(c, tx, rows);
  if (tables.contains("fills")) write_fills(c, tx, rows);
  if (tables.contains("candles")) write_candles(c, tx, rows);
  if (tables.contains("rejects")) write_rejects(c, tx, rows);
}

}  // namespace drover::engine::detail
