#include <gtest/gtest.h>

#include "base/log.hpp"
#include "tests/unit/engine/order_world.hpp"

namespace drover::engine::test {
namespace {

/// Random lives of a desk: faults of the venue, the stream, the journal and the process, then calm. What must hold is
/// checked against the venue's own books.
class history {
 public:
  explicit history(std::uint64_t seed) : w(seed), dice(seed * 7919 + 17) {}

  void run() {
    w.venue.draw = [this] { return calm ? fate::acknowledged : draw_fate(); };
    w.venue.copies = [this] { return calm ? 1 : static_cast<int>(dice.below(3)); };
    w.journal.draw = [this] {
      if (calm || dice.below(12) != 0) return weak_journal::weakness::none;
      return dice.below(2) == 0 ? weak_journal::weakness::away : weak_journal::weakness::in_doubt;
    };
    start();
    for (int i = 0; i < 25; ++i) step();
    calm_down();
  }

  void check() {
    for (const auto& e : w.venue.book.orders) check_venue_order(e.order);
    for (const auto& id : intents) check_intent(id);
    check_books();
  }

  order_world w;

 private:
  void start() {
    // Like a supervisor: tries until it works.
    for (int attempt = 0; attempt < 50; ++attempt) {
      if (w.start(false)) return;
      w.pass(1s);
      if (attempt > 10) w.venue.unreachable = false;
    }
    FAIL() << "the desk could not be reconciled";
  }

  fate draw_fate() { return static_cast<fate>(dice.below(8)); }

  void step() {
    switch (dice.below(10)) {
      case 0:
      case 1:
      case 2: return place();
      case 3:
      case 4: return fill();
      case 5: return cancel();
      case 6: return crash();
      case 7: return disturb();
      default: return w.pass(nanoseconds(static_cast<std::int64_t>(dice.below(8'000'000'000))));
    }
  }

  void place() {
    const auto side = dice.below(3) == 0 ? exchanges::side::sell : exchanges::side::buy;
    const bool unknown = any(intent_state::unknown);
    const decimal quantity = decimal(static_cast<std::int64_t>(1 + dice.below(9))) / decimal(10);
    auto placed = w.desk->place(side, exchanges::order_type::limit, 90 + static_cast<std::int64_t>(dice.below(20)), quantity, "t");
    EXPECT_FALSE(placed && unknown) << "an order was placed while another one's outcome was unknown";
    if (placed) intents.push_back(*placed);
    w.pass(1ms * static_cast<int>(dice.below(20)));
  }

  bool any(intent_state s) const {
    for (const auto& o : w.desk->live_orders())
      if (o.state == s) return true;
    return false;
  }

  void fill() {
    if (w.venue.book.orders.empty()) return;
    const auto& o = w.venue.book.orders[dice.below(w.venue.book.orders.size())].order;
    const std::string id = o.client_order_id;
    w.venue.fill(id, decimal(static_cast<std::int64_t>(1 + dice.below(5))) / decimal(10));
    w.pass(1ms * static_cast<int>(dice.below(30)));
  }

  void cancel() {
    const auto orders = w.desk->live_orders();
    if (!orders.empty()) w.desk->cancel(orders[dice.below(orders.size())].id);
    w.pass(1ms * static_cast<int>(dice.below(10)));
  }

  void crash() {
    w.crash();
    w.pass(1ms * static_cast<int>(dice.below(3000)));
    start();
  }

  void disturb() {
    switch (dice.below(5)) {
      case 0: w.venue.unreachable = !w.venue.unreachable; break;
      case 1: w.venue.lose_stream(); break;
      case 2: w.venue.open_stream(); break;
      case 3: w.venue.visible_after = 1ms * static_cast<int>(dice.below(8000)); break;
      case 4: w.venue.late_by = 1ms * static_cast<int>(dice.below(7000)); break;
    }
  }

  void calm_down() {
    calm = true;
    w.venue.unreachable = false;
    w.venue.visible_after = 0ms;
    w.venue.open_stream();
    if (dice.below(2) == 0) start();
    w.pass(3min);
  }

  void check_venue_order(const exchanges::order& o) {
    EXPECT_EQ(w.venue.book.count(o.client_order_id), 1) << "an order was doubled";
    auto id = uuid::parse(o.client_order_id);
    ASSERT_TRUE(id);
    auto found = w.run(w.memory->find(*id));
    ASSERT_TRUE(found && *found) << "an order without an intent";
    const auto& intent = (*found)->intent;
    EXPECT_EQ(intent.side, o.side);
    EXPECT_EQ(intent.price, o.price);
    EXPECT_EQ(intent.quantity, o.quantity);
    EXPECT_EQ((*found)->filled_quantity, o.filled_quantity) << "fills are missing";
    const auto expected = exchanges::is_terminal(o.status) ? intent_state::closed : intent_state::accepted;
    EXPECT_EQ((*found)->state, expected) << to_string((*found)->state);
  }

  void check_intent(const uuid& id) {
    auto found = w.run(w.memory->find(id));
    ASSERT_TRUE(found);
    if (!*found) {
      EXPECT_EQ(w.venue.book.count(id.to_hex()), 0) << "sent without a stored intent";
      return;
    }
    const auto state = (*found)->state;
    // A commit in doubt leaves an intent that was never sent; the next reconciliation proves it away.
    if (state == intent_state::intended) {
      EXPECT_EQ(w.venue.book.count(id.to_hex()), 0);
      return;
    }
    EXPECT_NE(state, intent_state::unknown);
    const bool gone = state == intent_state::refused || state == intent_state::not_placed;
    EXPECT_EQ(w.venue.book.count(id.to_hex()), gone ? 0 : 1) << to_string(state);
  }

  void check_books() {
    auto counted = w.run(w.memory->load_statistics());
    ASSERT_TRUE(counted);
    EXPECT_EQ(counted->fills, static_cast<std::int64_t>(w.venue.book.trades.size()));
    EXPECT_EQ(w.desk->position().quantity, w.stored_position().quantity);
  }

  seeded_random dice;
  bool calm = false;
  std::vector<uuid> intents;
};

TEST(OrderHistory, NothingIsDoubledForgottenOrMiscounted) {
  log_capture quiet;
  constexpr std::uint64_t histories = 2000;
  for (std::uint64_t seed = 1; seed <= histories; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    history h(seed);
    h.run();
    h.check();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace drover::engine::test
