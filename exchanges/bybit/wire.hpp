#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/transport.hpp"
#include "exchanges/json_fields_detail.hpp"
#include "exchanges/protocol/market_wire.hpp"
#include "exchanges/protocol/private_wire.hpp"
#include "exchanges/protocol/wire_request.hpp"

/// Shared by the files of this folder.
namespace drover::exchanges::bybit {

/// Indexes into the rules.
enum rule : std::size_t {
  all_requests,
  place_requests,
  cancel_requests,
  query_requests,
  account_requests,
  connections
};

/// "BTC/USDT" → "BTCUSDT".
std::string to_venue_symbol(std::string_view symbol);

result<wire_request> make_request(const venue_call&);
client_request sign_request(wire_request, const credentials*, const signing_context&);
/// Lower-case hex of HMAC-SHA256.
std::string sign_text(const secret& api_secret, std::string_view text);
result<venue_reply> read_answer(const venue_call&, const client_response&, const instrument_table&);

/// The canonical error of a retCode in an answer with this HTTP status.
error make_bybit_error(operation, int http_status, std::int64_t code, std::string_view message);

order read_order(json_fields&, const instrument_table&);
fill read_fill(json_fields&, const instrument_table&);
/// The coins of one wallet; all of them, empty ones too.
std::vector<balance> read_coins(json_fields& wallet);
std::vector<book_level> read_levels(json_fields&, std::string_view key);
/// A text or number with milliseconds; absent or empty is the beginning of time.
wall_time read_ms(json_fields&, std::string_view key);

std::unique_ptr<market_wire> make_market_wire();
std::unique_ptr<private_wire> make_private_wire();

}  // namespace drover::exchanges::bybit
