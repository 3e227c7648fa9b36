#pragma once

#include "exchanges/bybit/protocol.hpp"
#include "tests/support/venue_events.hpp"

namespace drover::exchanges::bybit {

using namespace drover::test_support;

inline const venue_protocol& protocol() {
  static const auto made = make_protocol();
  return *made;
}

inline const instrument_table& instruments() {
  static const instrument_table table = [] {
    instrument btc;
    btc.symbol = "BTC/USDT";
    btc.venue_symbol = "BTCUSDT";
    btc.base_asset = "BTC";
    btc.quote_asset = "USDT";
    return instrument_table({btc});
  }();
  return table;
}

inline result<venue_reply> read(const venue_call& call, std::string body, int status = 200, header_list headers = {}) {
  return protocol().read_answer(call, {status, std::move(headers), std::move(body)}, instruments());
}

/// {"retCode":0,"retMsg":"OK","result":…}
inline std::string success(const std::string& result) {
  return R"({"retCode":0,"retMsg":"OK","result":)" + result + R"(,"retExtInfo":{},"time":1732104000000})";
}
inline std::string list(const std::string& items, const std::string& cursor = {}) {
  return success(R"({"category":"spot","list":[)" + items + R"(],"nextPageCursor":")" + cursor + "\"}");
}
inline std::string refusal(int code, const std::string& words) {
  return R"({"retCode":)" + std::to_string(code) + R"(,"retMsg":")" + words + R"(","result":{},"retExtInfo":{},"time":1732104000000})";
}

/// Of an order that rests, partly done: as queries and the stream tell it.
inline constexpr const char* resting_order = R"({"category":"spot","orderId":"1837206514123456789","orderLinkId":"00112233445566778899aabbccddeeff","blockTradeId":"",
"symbol":"BTCUSDT","price":"90000","qty":"0.001","side":"Buy","isLeverage":"0","positionIdx":0,"orderStatus":"PartiallyFilled","createType":"CreateByUser",
"cancelType":"UNKNOWN","rejectReason":"EC_NoError","avgPrice":"89999.5","leavesQty":"0.0006","leavesValue":"54","cumExecQty":"0.0004","cumExecValue":"35.9998",
"cumExecFee":"0.0000004","timeInForce":"GTC","orderType":"Limit","stopOrderType":"","orderIv":"","marketUnit":"","triggerPrice":"0","takeProfit":"0","stopLoss":"0",
"reduceOnly":false,"closeOnTrigger":false,"smpType":"None","smpGroup":0,"createdTime":"1732104000000","updatedTime":"1732104000456","feeCurrency":"BTC"})";

inline constexpr const char* own_trade = R"({"category":"spot","symbol":"BTCUSDT","orderId":"1837206514123456789","orderLinkId":"00112233445566778899aabbccddeeff",
"side":"Buy","orderPrice":"90000","orderQty":"0.001","leavesQty":"0.0006","createType":"CreateByUser","orderType":"Limit","stopOrderType":"","execFee":"0.0000004",
"feeCurrency":"BTC","execId":"2290000000076894797","execPrice":"89999.5","execQty":"0.0004","execType":"Trade","execValue":"35.9998","execTime":"1732104000123",
"isMaker":false,"feeRate":"0.001","tradeIv":"","markIv":"","markPrice":"","indexPrice":"","underlyingPrice":"","blockTradeId":"","closedSize":"","seq":4688002127})";

/// `text` with one thing changed; throws when it is not there.
inline std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("nothing to replace: " + from);
  return text.replace(at, from.size(), to);
}

}  // namespace drover::exchanges::bybit
