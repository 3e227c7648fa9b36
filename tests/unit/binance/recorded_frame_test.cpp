#include <gtest/gtest.h>

#include "exchanges/binance/protocol.hpp"
#include "exchanges/raw/raw_interpreter.hpp"

namespace drover::exchanges::binance {
namespace {

interpreted_record interpret(const char* body) {
  const auto protocol = make_protocol({}).value();
  spool_record r;
  r.stream = "binance.user";
  r.account = "7";
  r.kind = spool_kind::ws_frame;
  r.body = body;
  instrument i;
  i.symbol = "BTC/USDT";
  i.base_asset = "BTC";
  i.quote_asset = "USDT";
  i.venue_symbol = "BTCUSDT";
  return interpret_record(*protocol, r, instrument_table({i}));
}

/// Nothing of the connection is known when the record of a frame is read: not its login, not its subscriptions.
TEST(BinanceRecordedFrame, ReadsAFrameOfAPrivateStreamByItself) {
  const auto said = interpret(
      R"({"subscriptionId":3,"event":{"e":"executionReport","E":1795251984096,"s":"BTCUSDT","c":"a1","S":"BUY","o":"LIMIT","f":"GTC",)"
      R"("q":"0.0008","p":"61790.09","P":"0","F":"0","g":-1,"C":"","x":"TRADE","X":"FILLED","r":"NONE","i":135,"l":"0.0008",)"
      R"("z":"0.0008","L":"61790.09","n":"0.0000008","N":"BTC","T":1795251984096,"t":2952,"I":135,"w":false,"m":true,"M":false,)"
      R"("O":1795251984059,"Z":"49.432072","Y":"49.432072","Q":"0","W":1795251984059,"V":"EXPIRE_MAKER"}})");
  EXPECT_FALSE(said.reject) << *said.reject;
  ASSERT_EQ(said.orders.size(), 1u);
  EXPECT_EQ(said.orders[0].status, order_status::filled);
  EXPECT_EQ(said.orders[0].symbol, "BTC/USDT");
  ASSERT_EQ(said.fills.size(), 1u);
  EXPECT_EQ(said.fills[0].trade_id, "2952");
  EXPECT_EQ(said.fills[0].fee, decimal::literal("0.0000008"));
}

}  // namespace
}  // namespace drover::exchanges::binance
