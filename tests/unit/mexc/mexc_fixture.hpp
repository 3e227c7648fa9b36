#pragma once

#include "base/encoding.hpp"
#include "exchanges/mexc/protocol.hpp"
#include "tests/support/venue_events.hpp"

namespace drover::exchanges::mexc {

using namespace drover::test_support;

inline const venue_protocol& protocol() {
  static const auto made = make_protocol({});
  return **made;
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

/// Protobuf, by hand: so that the field numbers are said a second time.
class push_bytes {
 public:
  push_bytes& text(int field, std::string_view value) {
    varint(static_cast<std::uint64_t>(field) << 3 | 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  push_bytes& number(int field, std::int64_t value) {
    varint(static_cast<std::uint64_t>(field) << 3);
    varint(static_cast<std::uint64_t>(value));
    return *this;
  }
  push_bytes& message(int field, const push_bytes& inner) { return text(field, inner.bytes_); }
  operator std::string() const { return bytes_; }

 private:
  void varint(std::uint64_t v) {
    for (; v >= 0x80; v >>= 7) bytes_ += static_cast<char>(v | 0x80);
    bytes_ += static_cast<char>(v);
  }
  std::string bytes_;
};

inline push_bytes push_of(std::string_view channel) {
  push_bytes out;
  out.text(1, channel).text(3, "BTCUSDT").number(5, 1'732'104'000'500);
  return out;
}

/// A frame of the capture: JSON as it is, pushes in base64.
inline std::string frame_of(const std::string& captured) {
  return captured.starts_with('{') ? captured : from_base64(captured).value();
}

inline constexpr const char* resting_order = R"({"symbol":"BTCUSDT","orderId":"C02__443776347957968896088","orderListId":"-1",
"clientOrderId":"00112233445566778899aabbccddeeff","price":"90000","origQty":"0.001","executedQty":"0","cummulativeQuoteQty":"0","status":"NEW",
"timeInForce":null,"type":"LIMIT","side":"BUY","stopPrice":null,"icebergQty":null,"time":"1732104000000","updateTime":"1732104000123","isWorking":true,
"origQuoteOrderQty":"90"})";

inline constexpr const char* own_trade = R"({"symbol":"BTCUSDT","id":"443776347957968896089","orderId":"C02__443776347957968896088","orderListId":"-1",
"price":"92100","qty":"0.001","quoteQty":"92.1","commission":"0.04605","commissionAsset":"USDT","time":1732104000000,"isBuyer":true,"isMaker":false,
"isBestMatch":true,"isSelfTrade":false,"clientOrderId":"00112233445566778899aabbccddeeff"})";

}  // namespace drover::exchanges::mexc
