// Any two frames on any stream of any venue: events or a canonical error, never an end of the process.
#include "tests/fuzz/venues/any_venue.hpp"

namespace {

using namespace drover;
using namespace drover::exchanges;

class deaf final : public market_events, public private_events {
 public:
  void on_ticker(book_ticker) override {}
  void on_trade(public_trade) override {}
  void on_book(book_update) override {}
  void on_candle(candle, bool) override {}
  void on_answer(std::int64_t, std::optional<error>) override {}
  void on_topic_answer(const market_topic&, std::optional<error>) override {}
  void on_blame(std::int64_t, const market_topic&, std::optional<error>) override {}
  void on_refusal(error) override {}
  void on_stage_done() override {}
  void on_refused(error) override {}
  void on_order(order_event) override {}
  void on_fill(fill_event) override {}
  void on_balances(balance_event) override {}
  void on_pong() override {}
  void on_reply_wanted(std::string) override {}
  void on_broken(std::string) override {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const instrument_table table;
  fuzz_input input(data, size);
  const auto& protocol = *all_protocols()[input.choose(all_protocols().size())];
  const bool market = input.choose(2) == 0;
  // A zero byte ends the first frame: what it left behind meets the second one.
  const auto frames = input.rest();
  const auto cut = std::min(frames.find('\0'), frames.size());
  const auto first = frames.substr(0, cut), second = cut < frames.size() ? frames.substr(cut + 1) : std::string_view();
  deaf events;
  if (market) {
    auto wire = protocol.make_market_wire();
    wire->open();
    (void)wire->read(first, table, events);
    (void)wire->read(second, table, events);
  } else {
    auto wire = protocol.make_private_wire();
    wire->open();
    (void)wire->read(first, table, events);
    (void)wire->read(second, table, events);
  }
  return 0;
}
