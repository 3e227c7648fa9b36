#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "exchanges/registry.hpp"
#include "tests/support/venue_events.hpp"

// The samples feed the benchmark and the fuzzers: what no venue's parser takes would measure nothing.
namespace drover::exchanges {
namespace {

using test_support::heard_events;
using test_support::load_data;

std::string frame_of(const std::string& kept) {
  return kept.starts_with('{') ? kept : from_base64(kept).value();
}

class samples : public testing::TestWithParam<std::string> {
protected:
  nlohmann::ordered_json data_ = load_data("samples/" + GetParam() + ".json");
  std::unique_ptr<venue_protocol> protocol_ = make_protocol(GetParam(), {}).value();

  heard_events hear(const std::string& name) {
    heard_events out;
    auto wire = protocol_->make_market_wire();
    wire->open();
    EXPECT_TRUE(wire->read(frame_of(data_[name].get<std::string>()), {}, out));
    EXPECT_TRUE(out.broken.empty());
    return out;
  }
};

TEST_P(samples, BookIsHeard) {
  const auto heard = hear("book");
  ASSERT_EQ(heard.books.size(), 1u);
  EXPECT_GE(heard.books[0].bids.size(), 10u);
  EXPECT_GE(heard.books[0].asks.size(), 10u);
}

TEST_P(samples, TradesAreHeard) {
  const auto heard = hear("trades");
  ASSERT_GE(heard.trades.size(), 1u);
  EXPECT_TRUE(heard.trades[0].price.is_positive());
}

TEST_P(samples, OrderIsUnderstood) {
  auto call = test_support::call_of(operation::create_order);
  call.order = test_support::limit_order();
  const auto reply = protocol_->read_answer(call, {200, {}, data_["create_order"].get<std::string>()}, {});
  const auto& placed = test_support::get<order>(reply);
  EXPECT_FALSE(placed.venue_order_id.empty());
  EXPECT_EQ(placed.status, order_status::open);
}

INSTANTIATE_TEST_SUITE_P(EveryVenue, samples, testing::ValuesIn(known_dialects()),
                         [](const auto& venue) { return venue.param; });

}  // namespace
}  // namespace drover::exchanges
