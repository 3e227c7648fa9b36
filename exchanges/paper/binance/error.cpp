#include "exchanges/paper/binance/error.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

namespace drover::exchanges::paper::binance {

refused to_refused(refusal r) {
  switch (r) {
    case refusal::price_filter: return {400, -1013, "Filter failure: PRICE_FILTER"};
    case refusal::lot_size: return {400, -1013, "Filter failure: LOT_SIZE"};
    case refusal::min_notional: return {400, -1013, "Filter failure: NOTIONAL"};
    case refusal::too_many_orders: return {400, -1013, "Filter failure: MAX_NUM_ORDERS"};
    case refusal::market_closed: return {400, -1013, "Market is closed."};
    case refusal::insufficient_funds: return {400, -2010, "Account has insufficient balance for requested action."};
    case refusal::would_match: return {400, -2010, "Order would immediately match and take."};
    case refusal::duplicate_client_id: return {400, -2010, "Duplicate order sent."};
  }
  return {400, -2010, "Order rejected."};
}

refused missing_parameter(std::string_view name) {
  return {400, -1102, fmt::format("Mandatory parameter '{}' was not sent, was empty/null, or malformed.", name)};
}

refused invalid_symbol() { return {400, -1121, "Invalid symbol."}; }

std::string to_json(const refused& r) {
  return fmt::format(R"({{"code":{},"msg":{}}})", r.code, nlohmann::json(r.message).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
}

net::http_response to_response(const refused& r) {
  net::http_response out;
  out.status = r.status;
  out.headers = {{"Content-Type", "application/json;charset=UTF-8"}};
  out.body = to_json(r);
  return out;
}

}  // namespace drover::exchanges::paper::binance
