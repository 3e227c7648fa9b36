#pragma once

#include "exchanges/kraken/protocol.hpp"
#include "tests/support/venue_events.hpp"

namespace drover::exchanges::kraken {

using namespace drover::test_support;

inline const venue_protocol& protocol() {
  static const auto made = make_protocol({});
  return **made;
}

inline instrument make_pair(std::string base, std::string quote, std::string altname, const char* tick) {
  instrument i;
  i.symbol = base + "/" + quote;
  i.venue_symbol = std::move(altname);
  i.base_asset = std::move(base);
  i.quote_asset = std::move(quote);
  i.tick_size = decimal::literal(tick);
  i.lot_size = decimal::literal("0.00000001");
  return i;
}

inline const instrument_table& table() {
  static const instrument_table t({make_pair("BTC", "USDT", "XBTUSDT", "0.1"), make_pair("BTC", "USD", "XBTUSD", "0.1"),
                                   make_pair("ETH", "BTC", "ETHXBT", "0.00001"), make_pair("DOGE", "USD", "XDGUSD", "0.0000001")});
  return t;
}

inline result<venue_reply> read(const venue_call& call, std::string body, int status = 200, header_list headers = {}) {
  return protocol().read_answer(call, {status, std::move(headers), std::move(body)}, table());
}

inline std::string success(const std::string& result) { return R"({"error":[],"result":)" + result + "}"; }

inline std::string order_json(const std::string& status, const std::string& pair = "XBTUSDT", const std::string& more = "",
                              const std::string& id = client_id) {
  return R"({"refid":null,"userref":0,"cl_ord_id":")" + id + R"(","status":")" + status +
         R"(","opentm":1732104000.5,"starttm":0,"expiretm":0,"descr":{"pair":")" + pair +
         R"(","type":"buy","ordertype":"limit","price":"90000.0","price2":"0","leverage":"none","order":"buy","close":""},"vol":"0.00100000",)"
         R"("vol_exec":"0.00040000","cost":"36.00000","fee":"0.09000","price":"90000.0","stopprice":"0.00000","limitprice":"0.00000","misc":"","oflags":"fciq,post")" +
         more + "}";
}

inline std::string trade_json(const std::string& pair, const std::string& time) {
  return R"({"ordertxid":"OQCLML-BW3P3-BUCMWZ","postxid":"TKH2SE-M7IF5-CFI7LT","pair":")" + pair + R"(","time":)" + time +
         R"(,"type":"buy","ordertype":"limit","price":"90000.00000","cost":"36.00000","fee":"0.09000","vol":"0.00040000","margin":"0.00000",)"
         R"("leverage":"0","misc":"","trade_id":93748276,"maker":true})";
}

}  // namespace drover::exchanges::kraken
