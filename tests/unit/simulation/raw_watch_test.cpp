#include "simulation/raw_watch.hpp"

#include <gtest/gtest.h>

namespace drover::simulation {
namespace {

using exchanges::spool_kind;
using exchanges::spool_record;

const std::string stream = "binance1.rest";

struct office {
  office() : watch(sim, faults) {}

  spool_record heard() {
    sim.run_for(1s);
    const auto body = watch.next_body(stream, "1");
    return {.kind = spool_kind::rest_response, .stream = stream, .account = "1", .sequence = ++last, .body = body};
  }
  spool_record gap(wall_time from, wall_time to) {
    return {.kind = spool_kind::gap,
            .stream = stream,
            .account = "1",
            .sequence = ++last,
            .body = exchanges::encode_gap({from, to, "the disk was full"})};
  }

  world sim{1};
  fault_plan faults;
  raw_watch watch;
  std::uint64_t last = 0;
};

TEST(RawWatch, IsContentWithAllInOrder) {
  office o;
  const auto first = o.heard(), second = o.heard();
  (void)o.watch.commit({first, second});
  (void)o.watch.commit({second});
  EXPECT_EQ(o.watch.check(), "");
  EXPECT_EQ(o.watch.stored(), 2u);
}

TEST(RawWatch, SeesARecordThatIsMissing) {
  office o;
  const auto first = o.heard(), second = o.heard(), third = o.heard();
  (void)o.watch.commit({first, third});
  EXPECT_NE(o.watch.check().find("record 2"), std::string::npos) << o.watch.check();
}

TEST(RawWatch, TakesAGapThatCoversWhatIsMissing) {
  office o;
  const auto first = o.heard();
  const auto from = o.sim.wall_now();
  (void)o.heard();
  const auto gap = o.gap(from, o.sim.wall_now());
  const auto third = o.heard();
  (void)o.watch.commit({first, gap, third});
  EXPECT_EQ(o.watch.check(), "");
}

TEST(RawWatch, SeesAGapThatIsTooShort) {
  office o;
  const auto first = o.heard();
  const auto from = o.sim.wall_now();
  (void)o.heard();
  const auto gap = o.gap(from, from + 1ms);
  (void)o.watch.commit({first, gap, o.heard()});
  EXPECT_NE(o.watch.check(), "");
}

TEST(RawWatch, SeesRecordsInAnotherOrder) {
  office o;
  auto first = o.heard(), second = o.heard();
  std::swap(first.sequence, second.sequence);
  (void)o.watch.commit({first, second});
  EXPECT_NE(o.watch.check().find("behind"), std::string::npos) << o.watch.check();
}

}  // namespace
}  // namespace drover::simulation
