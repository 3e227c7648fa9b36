#pragma once

#include "exchanges/okx/protocol.hpp"
#include "tests/support/venue_events.hpp"

namespace drover::exchanges::okx {

using namespace drover::test_support;

inline const venue_protocol& protocol() {
  static const auto made = make_protocol({});
  return **made;
}

inline result<venue_reply> read(const venue_call& call, std::string body, int status = 200, header_list headers = {}) {
  return protocol().read_answer(call, {status, std::move(headers), std::move(body)}, {});
}

/// {"code":"0","msg":"","data":[…]}
inline std::string success(const std::string& data) { return R"({"code":"0","msg":"","data":[)" + data + "]}"; }
/// One order or cancel that was answered by itself.
inline std::string acknowledged(const std::string& code, const std::string& words, const std::string& id = "680800019749904384") {
  return R"({"code":")" + std::string(code == "0" ? "0" : "1") + R"(","data":[{"clOrdId":")" + client_id + R"(","ordId":")" +
         (code == "0" ? id : "") + R"(","sCode":")" + code + R"(","sMsg":")" + words + R"(","tag":"","ts":"1732104000000"}],"inTime":"1732104000000000",)" +
         R"("msg":")" + (code == "0" ? "" : "All operations failed") + R"(","outTime":"1732104000000100"})";
}

/// Of an order that rests, partly done: as queries and the stream tell it.
inline constexpr const char* resting_order = R"({"accFillSz":"0.0004","algoClOrdId":"","algoId":"","attachAlgoOrds":[],"avgPx":"89999.5",
"cTime":"1732104000000","cancelSource":"","cancelSourceReason":"","category":"normal","ccy":"","clOrdId":"00112233445566778899aabbccddeeff","fee":"-0.0000004",
"feeCcy":"BTC","fillPx":"89999.5","fillSz":"0.0004","fillTime":"1732104000123","instId":"BTC-USDT","instType":"SPOT","isTpLimit":"false","lever":"",
"linkedAlgoOrd":{"algoId":""},"ordId":"680800019749904384","ordType":"limit","pnl":"0","posSide":"net","px":"90000","pxType":"","quickMgnType":"","rebate":"0",
"rebateCcy":"USDT","reduceOnly":"false","side":"buy","slOrdPx":"","source":"","state":"partially_filled","stpId":"","stpMode":"cancel_maker","sz":"0.001","tag":"",
"tdMode":"cash","tgtCcy":"","tradeId":"744876980","uTime":"1732104000456"})";

inline constexpr const char* own_trade = R"({"side":"buy","fillSz":"0.0004","fillPx":"89999.5","fillPxVol":"","fillFwdPx":"","fee":"-0.0000004","fillPnl":"0",
"ordId":"680800019749904384","feeRate":"-0.001","instType":"SPOT","fillPxUsd":"","instId":"BTC-USDT","clOrdId":"00112233445566778899aabbccddeeff","posSide":"net",
"billId":"680800019754098688","subType":"1","fillMarkVol":"","tag":"","fillTime":"1732104000123","execType":"T","fillIdxPx":"","tradeId":"744876980","fillMarkPx":"",
"feeCcy":"BTC","ts":"1732104000124"})";

/// `text` with one thing changed; throws when it is not there.
inline std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("nothing to replace: " + from);
  return text.replace(at, from.size(), to);
}

}  // namespace drover::exchanges::okx
