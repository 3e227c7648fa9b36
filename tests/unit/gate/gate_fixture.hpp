#pragma once

#include "exchanges/gate/protocol.hpp"
#include "tests/support/venue_events.hpp"

namespace drover::exchanges::gate {

using namespace drover::test_support;

inline const venue_protocol& protocol() {
  static const auto made = make_protocol({});
  return **made;
}

inline result<venue_reply> read(const venue_call& call, std::string body, int status = 200, header_list headers = {}) {
  return protocol().read_answer(call, {status, std::move(headers), std::move(body)}, {});
}

/// Of an order that rests: as the venue answers to its placement.
inline constexpr const char* resting_order = R"({"id":"1852454420","text":"t-ABEiM0RVZneImaq7zN3u_w","create_time":"1732104000","update_time":"1732104000",
"create_time_ms":1732104000123,"update_time_ms":1732104000456,"status":"open","currency_pair":"BTC_USDT","type":"limit","account":"spot","side":"buy",
"amount":"0.001","price":"90000","time_in_force":"gtc","iceberg":"0","left":"0.001","filled_amount":"0","fill_price":"0","filled_total":"0","fee":"0",
"fee_currency":"BTC","point_fee":"0","gt_fee":"0","gt_discount":false,"rebated_fee":"0","rebated_fee_currency":"USDT","finish_as":"open"})";

inline constexpr const char* own_trade = R"({"id":"5736713","create_time":"1732104000","create_time_ms":"1732104000123.456000","currency_pair":"BTC_USDT",
"side":"buy","role":"taker","amount":"0.001","price":"92100","order_id":"1852454420","fee":"0.000002","fee_currency":"BTC","point_fee":"0","gt_fee":"0",
"text":"t-ABEiM0RVZneImaq7zN3u_w"})";

}  // namespace drover::exchanges::gate
