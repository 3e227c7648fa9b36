#pragma once

#include "exchanges/kucoin/protocol.hpp"
#include "tests/support/venue_events.hpp"

namespace drover::exchanges::kucoin {

using namespace drover::test_support;

inline const venue_protocol& protocol() {
  static const auto made = make_protocol({});
  return **made;
}

inline result<venue_reply> read(const venue_call& call, std::string body, int status = 200, header_list headers = {}) {
  return protocol().read_answer(call, {status, std::move(headers), std::move(body)}, {});
}

/// {"code":"200000","data":…}
inline std::string success(const std::string& data) { return R"({"code":"200000","data":)" + data + "}"; }

inline constexpr const char* resting_order = R"({"id":"66fe2a4a1d5a0b0007e8b8f1","symbol":"BTC-USDT","opType":"DEAL","type":"limit","side":"buy",
"price":"90000","size":"0.001","funds":"90","dealSize":"0.0004","dealFunds":"36","fee":"0.036","feeCurrency":"USDT","stp":"","timeInForce":"GTC",
"postOnly":true,"hidden":false,"iceberg":false,"visibleSize":"0","cancelAfter":0,"channel":"API","clientOid":"00112233445566778899aabbccddeeff",
"remark":"","tags":"","cancelExist":false,"createdAt":1732104000000,"lastUpdatedAt":1732104000500,"tradeType":"TRADE","inOrderBook":true,
"cancelledSize":"0","cancelledFunds":"0","remainSize":"0.0006","remainFunds":"54","active":true})";

inline std::string own_trade(std::int64_t trade_id, std::int64_t at_ms) {
  return R"({"id":19814995255305,"orderId":"66fe2a4a1d5a0b0007e8b8f1","counterOrderId":"1","tradeId":)" + std::to_string(trade_id) +
         R"(,"symbol":"BTC-USDT","side":"buy","liquidity":"maker","type":"limit","forceTaker":false,"price":"90000","size":"0.0004",)"
         R"("funds":"36","fee":"0.036","feeRate":"0.001","feeCurrency":"USDT","stop":"","tradeType":"TRADE","createdAt":)" +
         std::to_string(at_ms) + "}";
}

}  // namespace drover::exchanges::kucoin
