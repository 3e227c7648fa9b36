// Any HTTP answer to any operation of any venue: an answer, a canonical error, never an end of the process. An answer that
// asks on is asked on with the same bytes.
#include "tests/fuzz/venues/any_venue.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace drover;
  using namespace drover::exchanges;
  constexpr std::array statuses{200, 400, 401, 403, 404, 418, 429, 500, 503};
  constexpr int step_limit = 3;
  static const instrument_table table;
  fuzz_input input(data, size);
  const auto& protocol = *all_protocols()[input.choose(all_protocols().size())];
  venue_call call;
  call.op = all_operations()[input.choose(all_operations().size())];
  call.symbol = call.of.symbol = call.order.symbol = "BTC/USDT";
  call.of.client_order_id = call.order.client_order_id = "0123456789abcdef0123456789abcdef";
  call.order.quantity = call.order.price = decimal(1);
  if (input.choose(2) == 1) call.of.venue_order_id = "1";
  client_response answer;
  answer.status = statuses[input.choose(statuses.size())];
  answer.body = input.rest();
  for (int step = 0; step < step_limit; ++step) {
    auto request = protocol.make_request(call);
    if (!request) return 0;
    (void)protocol.read_limits(*request, answer, {});
    auto reply = protocol.read_answer(call, answer, table);
    if (!reply || !reply->next) return 0;
    call = std::move(*reply->next);
  }
  return 0;
}
