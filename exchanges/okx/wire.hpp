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
namespace drover::exchanges::okx {

/// Indexes into the rules.
enum rule : std::size_t {
  public_requests,
  account_requests,
  place_requests,
  cancel_requests,
  query_requests,
  list_requests,
  connections
};

/// "BTC/USDT" ↔ "BTC-USDT".
std::string to_instrument_id(std::string_view symbol);
std::string to_symbol(std::string_view instrument_id);

result<wire_request> make_request(const venue_call&);
client_request sign_request(wire_request, const credentials*, const signing_context&, bool simulated);
/// base64 of HMAC-SHA256.
std::string sign_text(const secret& api_secret, std::string_view text);
result<venue_reply> read_answer(const venue_call&, const client_response&);

/// The canonical error of a code and its message in an answer with this HTTP status.
error make_okx_error(operation, int http_status, std::string_view code, std::string_view message);

/// One element of `data` in answers and frames.
order read_order(json_fields&);
/// The execution that an order frame carries; none when it carries none.
std::optional<fill> read_order_fill(json_fields&);
fill read_fill(json_fields&);
/// `details` of an account.
std::vector<balance> read_details(json_fields&);
std::vector<book_level> read_levels(json_fields&, std::string_view key);

std::unique_ptr<market_wire> make_market_wire();
std::unique_ptr<private_wire> make_private_wire();

}  // namespace drover::exchanges::okx
