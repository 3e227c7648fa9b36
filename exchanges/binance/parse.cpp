#include "exchanges/binance/parse.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "exchanges/binance/parse_order_detail.hpp"
#include "exchanges/json_fields_detail.hpp"

namespace drover::exchanges::binance {

namespace {

constexpr std::int64_t year_2100_ms = 4'102'444'800'000;

/// One per thread: REST answers are read on the trading thread, tests and fuzzers have their own.
json_source& source() {
  thread_local json_source kept;
  return kept;
}

result<json_fields> load_object(std::string_view body, std::string_view what) {
  auto loaded = source().load(body);
  if (!loaded) return std::unexpected(protocol_error(what, "bytes"));
  json_fields fields(source().document().get_object());
  if (!fields.ok()) return std::unexpected(protocol_error(what, "shape"));
  return fields;
}

template <class T, class Read>
result<std::vector<T>> load_list(std::string_view body, std::string_view what, Read read) {
  auto loaded = source().load(body);
  if (!loaded) return std::unexpected(protocol_error(what, "bytes"));
  sj::array array;
  if (source().document().get_array().get(array)) return std::unexpected(protocol_error(what, "shape"));
  std::vector<T> out;
  json_fields reporter{sj::object{}};
  json_fields::for_objects(array, reporter, [&](json_fields& f) { out.push_back(read(f)); });
  if (!reporter.ok()) return std::unexpected(protocol_error(what, reporter.problem()));
  return out;
}

tristate to_tristate(std::optional<bool> value) {
  if (!value) return tristate::unknown;
  return *value ? tristate::yes : tristate::no;
}

void read_filter(json_fields& f, instrument& i) {
  auto type = std::string(f.text("filterType"));
  if (type == "PRICE_FILTER") i.tick_size = f.amount("tickSize");
  if (type == "LOT_SIZE") {
    i.min_quantity = f.amount("minQty");
    i.max_quantity = f.amount("maxQty");
    i.lot_size = f.amount("stepSize");
  }
  if (type == "NOTIONAL" || type == "MIN_NOTIONAL") i.min_notional = f.amount("minNotional");
}

instrument read_instrument(json_fields& f) {
  instrument i;
  i.venue_symbol = f.text("symbol");
  i.trading = f.text("status") == "TRADING";
  i.base_asset = f.text("baseAsset");
  i.quote_asset = f.text("quoteAsset");
  i.symbol = i.base_asset + "/" + i.quote_asset;
  f.each("filters", [&i](json_fields& filter) { read_filter(filter, i); });
  return i;
}

fill read_trade(json_fields& f, const instrument_table& table) {
  fill out;
  out.symbol = table.to_canonical(f.text("symbol"));
  out.trade_id = f.id("id");
  out.venue_order_id = f.id("orderId");
  out.price = f.amount("price");
  out.quantity = f.amount("qty");
  // Negative when the venue pays the maker.
  out.fee = f.number("commission");
  out.fee_asset = f.text("commissionAsset");
  out.at = wall_time::from_ms(f.integer("time"));
  out.side = f.boolean("isBuyer") ? side::buy : side::sell;
  out.maker = f.boolean("isMaker");
  return out;
}

/// [openTime, open, high, low, close, volume, …].
result<candle> read_kline(sj::array cells) {
  constexpr std::size_t wanted = 6;
  json_fields reporter{sj::object{}};
  std::array<decimal, wanted> values{};
  std::int64_t opens_ms = 0;
  std::size_t count = 0;
  for (auto cell : cells) {
    sj::value value;
    if (cell.get(value)) return std::unexpected(protocol_error("candles", "bytes"));
    if (count == 0 && value.get_int64().get(opens_ms)) return std::unexpected(protocol_error("candles", "time"));
    if (count > 0 && count < wanted) values[count] = reporter.to_decimal(value, "cell");
    if (!reporter.ok()) return std::unexpected(protocol_error("candles", reporter.problem()));
    ++count;
  }
  const bool negative = std::ranges::any_of(values, [](const decimal& d) { return d.is_negative(); });
  if (count < wanted || negative || opens_ms <= 0 || opens_ms > year_2100_ms)
    return std::unexpected(protocol_error("candles", "shape"));
  candle out;
  out.opens_at = wall_time::from_ms(opens_ms);
  out.open = values[1];
  out.high = values[2];
  out.low = values[3];
  out.close = values[4];
  out.volume = values[5];
  return out;
}

}  // namespace

std::optional<venue_error> parse_error(std::string_view body) {
  auto fields = load_object(body, "error");
  if (!fields) return std::nullopt;
  venue_error out;
  auto code = fields->integer("code");
  out.message = fields->text("msg");
  if (!fields->ok() || code < std::numeric_limits<int>::min() || code > std::numeric_limits<int>::max())
    return std::nullopt;
  out.code = static_cast<int>(code);
  return out;
}

result<wall_time> parse_server_time(std::string_view body) {
  auto fields = load_object(body, "server time");
  if (!fields) return std::unexpected(fields.error());
  auto ms = fields->integer("serverTime");
  if (!fields->ok() || ms <= 0 || ms > year_2100_ms) return std::unexpected(protocol_error("server time", "serverTime"));
  return wall_time::from_ms(ms);
}

result<std::vector<instrument>> parse_exchange_info(std::string_view body) {
  auto fields = load_object(body, "exchange info");
  if (!fields) return std::unexpected(fields.error());
  std::vector<instrument> out;
  fields->each("symbols", [&out](json_fields& f) { out.push_back(read_instrument(f)); });
  if (!fields->ok()) return std::unexpected(protocol_error("exchange info", fields->problem()));
  return out;
}

result<std::vector<balance>> parse_account(std::string_view body) {
  auto fields = load_object(body, "account");
  if (!fields) return std::unexpected(fields.error());
  std::vector<balance> out;
  fields->each("balances", [&out](json_fields& f) {
    balance b;
    b.asset = f.text("asset");
    b.free = f.amount("free");
    b.locked = f.amount("locked");
    if (!b.free.is_zero() || !b.locked.is_zero()) out.push_back(std::move(b));
  });
  if (!fields->ok()) return std::unexpected(protocol_error("account", fields->problem()));
  return out;
}

result<order> parse_order(std::string_view body, const instrument_table& table) {
  auto fields = load_object(body, "order");
  if (!fields) return std::unexpected(fields.error());
  auto out = read_rest_order(*fields, table);
  if (!fields->ok()) return std::unexpected(protocol_error("order", fields->problem()));
  return out;
}

result<std::vector<order>> parse_orders(std::string_view body, const instrument_table& table) {
  return load_list<order>(body, "orders", [&table](json_fields& f) { return read_rest_order(f, table); });
}

result<std::vector<fill>> parse_trades(std::string_view body, const instrument_table& table) {
  return load_list<fill>(body, "trades", [&table](json_fields& f) { return read_trade(f, table); });
}

result<book_ticker> parse_book_ticker(std::string_view body) {
  auto fields = load_object(body, "ticker");
  if (!fields) return std::unexpected(fields.error());
  book_ticker out;
  out.bid_price = fields->amount("bidPrice");
  out.bid_quantity = fields->amount("bidQty");
  out.ask_price = fields->amount("askPrice");
  out.ask_quantity = fields->amount("askQty");
  if (!fields->ok()) return std::unexpected(protocol_error("ticker", fields->problem()));
  return out;
}

result<std::vector<public_trade>> parse_public_trades(std::string_view body) {
  return load_list<public_trade>(body, "trades", [](json_fields& f) {
    public_trade out;
    out.trade_id = f.id("id");
    out.price = f.amount("price");
    out.quantity = f.amount("qty");
    out.at = wall_time::from_ms(f.integer("time"));
    out.buyer_is_maker = f.boolean("isBuyerMaker");
    return out;
  });
}

result<std::vector<candle>> parse_klines(std::string_view body, const std::string& symbol, candle_interval interval) {
  auto loaded = source().load(body);
  if (!loaded) return std::unexpected(protocol_error("candles", "bytes"));
  sj::array rows;
  if (source().document().get_array().get(rows)) return std::unexpected(protocol_error("candles", "shape"));
  std::vector<candle> out;
  for (auto row : rows) {
    sj::array cells;
    if (row.get_array().get(cells)) return std::unexpected(protocol_error("candles", "shape"));
    auto read = read_kline(cells);
    if (!read) return std::unexpected(std::move(read.error()));
    read->symbol = symbol;
    read->interval = interval;
    out.push_back(std::move(*read));
  }
  return out;
}

result<permissions> parse_restrictions(std::string_view body) {
  auto fields = load_object(body, "key restrictions");
  if (!fields) return std::unexpected(fields.error());
  permissions out;
  out.read = to_tristate(fields->optional_boolean("enableReading"));
  out.trade = to_tristate(fields->optional_boolean("enableSpotAndMarginTrading"));
  out.withdraw = to_tristate(fields->optional_boolean("enableWithdrawals"));
  out.address_bound = to_tristate(fields->optional_boolean("ipRestrict"));
  // An answer without the one field that guards people's money is no answer.
  if (out.withdraw == tristate::unknown) return std::unexpected(protocol_error("key restrictions", "shape"));
  return out;
}

}  // namespace drover::exchanges::binance
