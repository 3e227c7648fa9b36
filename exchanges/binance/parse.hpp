#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "exchanges/exchange.hpp"
#include "exchanges/instrument_table.hpp"
#include "exchanges/protocol/market_wire.hpp"
#include "exchanges/protocol/operation.hpp"
#include "exchanges/types.hpp"

/// Bytes of Binance spot → canonical values. All functions accept any bytes; what is not as documented is
/// exchange_errc::protocol. Nothing here throws. One thread.
namespace drover::exchanges::binance {

struct venue_error {
  int code = 0;
  std::string message;
};
/// Empty when the body is not {"code","msg"}.
std::optional<venue_error> parse_error(std::string_view body);

result<wall_time> parse_server_time(std::string_view body);
result<std::vector<instrument>> parse_exchange_info(std::string_view body);
/// Assets without anything in them are left out.
result<std::vector<balance>> parse_account(std::string_view body);
result<order> parse_order(std::string_view body, const instrument_table&);
result<std::vector<order>> parse_orders(std::string_view body, const instrument_table&);
result<std::vector<fill>> parse_trades(std::string_view body, const instrument_table&);
result<permissions> parse_restrictions(std::string_view body);
/// NEW, PARTIALLY_FILLED, …
result<order_status> parse_venue_status(std::string_view);

/// The market stream.
struct ticker_update {
  std::string_view venue_symbol;
  decimal bid_price, bid_quantity, ask_price, ask_quantity;
  std::int64_t update_id = 0;
};
/// `symbol` is as sent in these two.
struct depth_update {
  book_update update;
};
struct trade_update {
  public_trade trade;
};
struct candle_change {
  exchanges::candle candle;
  bool closed = false;
};
/// Answer to SUBSCRIBE and the like.
struct request_answer {
  std::int64_t id = 0;
  std::optional<venue_error> refusal;
};
struct other_frame {};
using market_frame = std::variant<ticker_update, depth_update, trade_update, candle_change, request_answer, other_frame>;
/// The views inside stay valid until the next call. `venue_symbol` of a ticker is as sent.
result<market_frame> parse_market_frame(std::string_view frame);

/// GET /api/v3/depth; without the symbol, which the answer does not carry.
result<book_snapshot> parse_depth_snapshot(std::string_view body);
/// GET /api/v3/ticker/bookTicker, /api/v3/trades: likewise.
result<book_ticker> parse_book_ticker(std::string_view body);
result<std::vector<public_trade>> parse_public_trades(std::string_view body);
result<std::vector<candle>> parse_klines(std::string_view body, const std::string& symbol, candle_interval);

/// The user data stream on the WebSocket API.
struct user_answer {
  std::string id;
  int status = 0;
  std::optional<std::int64_t> subscription_id;
  std::optional<venue_error> refusal;
};
/// The venue ended the subscription (key deleted, limits).
struct stream_terminated {};
using user_event_body = std::variant<order_event, balance_event, stream_terminated, other_frame>;
struct user_event {
  std::int64_t subscription_id = 0;
  user_event_body body;
};
using user_frame = std::variant<user_answer, user_event, other_frame>;
result<user_frame> parse_user_frame(std::string_view frame, const instrument_table&);

}  // namespace drover::exchanges::binance
