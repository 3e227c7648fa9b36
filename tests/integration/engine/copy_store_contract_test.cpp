#include <gtest/gtest.h>

#include "engine/copy/room_service.hpp"
#include "tenants/errors.hpp"
#include "tests/integration/engine/copy_backends.hpp"

namespace drover::engine {
namespace {

using tenants::tenant_errc;

template <class T>
void expect_refused(const result<T>& outcome, std::error_code code) {
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, code) << outcome.error().to_string();
}

/// A lead with a room on two markets, and codes for it.
class CopyStore : public ::testing::TestWithParam<std::string> {
 protected:
  CopyStore() {
    lead_account = w.add_account();
    lead = w.user_of(lead_account);
    lead_bot = w.accounts->add_bot(lead_account);
    room = service.create(wanted_room());
  }
  struct task_service {
    explicit task_service(test::copy_backend& b) : backend(b), inner(*b.rooms, system_random(), clock, {}) {}
    room_id create(new_room fresh) { return backend.run(inner.create(std::move(fresh))).value().id; }
    struct backend_clock final : clock {
      explicit backend_clock(test::copy_backend& b) : backend(b) {}
      steady_time now() const override { return {backend.now().since_epoch}; }
      wall_time wall_now() const override { return backend.now(); }
      test::copy_backend& backend;
    };
    test::copy_backend& backend;
    backend_clock clock{backend};
    room_service inner;
  };
  new_room wanted_room() const {
    return {.lead = lead, .account = lead_account, .name = "Calm", .symbols = {"BTC/USDT", "ETH/USDT"}, .max_followers = 3,
            .max_ratio = decimal(2), .max_order_notional = decimal(500)};
  }
  std::string code(int uses = 100) {
    auto made = w.run(service.inner.invite(lead, room, {.uses = uses}));
    return made.value().code;
  }
  result<member> try_join(account_id account, const std::string& with_code, const std::string& symbol = "BTC/USDT",
                          const std::string& parameters = R"({"sizing":"ratio","ratio":"0.5"})") {
    w.tick();
    return w.run(service.inner.join(w.user_of(account), {.code = with_code, .account = account, .symbol = symbol, .parameters = parameters}));
  }
  member join(account_id account, const std::string& symbol = "BTC/USDT") {
    auto joined = try_join(account, code(), symbol);
    if (!joined) throw std::runtime_error(joined.error().to_string());
    w.tick();
    return *joined;
  }
  desired_state desired_of(const member& m) { return w.run(w.bots->get(m.user, m.bot)).value().desired; }
  std::vector<unfinished_signal> unfinished() { return w.run(w.rooms->load_unfinished(0ms, 1'000)).value(); }
  receipt receipt_for(const member& m, fill_id fill, signal_outcome outcome = signal_outcome::taken) {
    return {.key = {room, fill}, .account = m.account, .member = m.id, .outcome = outcome, .reason = "", .quantity = decimal(1),
            .order = {}, .judged_at = w.now(), .latency = 5ms};
  }
  void record(std::vector<receipt> receipts, std::vector<signal_key> finished = {}) {
    ASSERT_TRUE(w.run(w.rooms->record(std::move(receipts), std::move(finished))));
  }

  test::copy_backend w{GetParam()};
  task_service service{w};
  account_id lead_account;
  user_id lead;
  bot_id lead_bot;
  room_id room;
};

TEST_P(CopyStore, ARoomKeepsWhatItWasGiven) {
  auto seen = w.run(w.rooms->get_room(lead, room)).value();
  EXPECT_EQ(seen.role, room_role::lead);
  EXPECT_EQ(seen.lead_name, w.name_of(lead_account));
  EXPECT_EQ(seen.room.name, "Calm");
  EXPECT_EQ(seen.room.account, lead_account);
  EXPECT_EQ(seen.room.symbols, (std::vector<std::string>{"BTC/USDT", "ETH/USDT"}));
  EXPECT_EQ(seen.room.max_followers, 3);
  EXPECT_EQ(seen.room.max_ratio, decimal(2));
  EXPECT_EQ(seen.room.max_order_notional, decimal(500));
  EXPECT_EQ(seen.followers, 0);
  auto changed = w.run(w.rooms->update_room(lead, room, {.name = "Calmer", .max_followers = 5, .max_ratio = {}, .max_order_notional = {}}));
  EXPECT_EQ(changed.value().name, "Calmer");
  EXPECT_EQ(changed->max_followers, 5);
  EXPECT_EQ(changed->max_ratio, decimal(2));
}

TEST_P(CopyStore, StrangersSeeNothing) {
  const auto stranger = w.user_of(w.add_account());
  const auto hidden = make_error_code(tenant_errc::not_found);
  expect_refused(w.run(w.rooms->get_room(stranger, room)), hidden);
  expect_refused(w.run(w.rooms->update_room(stranger, room, {})), hidden);
  expect_refused(w.run(w.rooms->close_room(stranger, room, "mine")), hidden);
  expect_refused(w.run(w.rooms->list_invitations(stranger, room)), hidden);
  expect_refused(w.run(w.rooms->list_members(stranger, room, 0, 10)), hidden);
  expect_refused(w.run(w.rooms->list_signals(stranger, room, {})), hidden);
  expect_refused(w.run(w.rooms->list_receipts(stranger, room, {})), hidden);
  expect_refused(w.run(w.rooms->leave(stranger, room, {})), hidden);
  const auto follower = join(w.add_account());
  expect_refused(w.run(w.rooms->remove_member(stranger, room, follower.id)), hidden);
  expect_refused(w.run(w.rooms->remove_member(follower.user, room, follower.id)), hidden);
  EXPECT_TRUE(w.run(w.rooms->list_rooms(stranger, {}))->empty());
  new_room foreign = wanted_room();
  foreign.lead = stranger;
  expect_refused(w.run(w.rooms->create_room(foreign, 10)), hidden);
}

TEST_P(CopyStore, JoiningMakesABotThatFollowsTheRoom) {
  const auto account = w.add_account();
  const auto m = join(account, "ETH/USDT");
  EXPECT_EQ(m.name, w.name_of(account));
  EXPECT_EQ(m.state, member_state::joined);
  auto bot = w.run(w.bots->get(m.user, m.bot)).value();
  EXPECT_EQ(bot.strategy, "signal_following");
  EXPECT_EQ(bot.symbol, "ETH/USDT");
  EXPECT_EQ(bot.desired, desired_state::running);
  EXPECT_NE(bot.parameters.find(to_signal_source(room)), std::string::npos);
  EXPECT_EQ(w.run(w.rooms->get_room(m.user, room))->role, room_role::member);
  EXPECT_EQ(w.run(w.rooms->get_room(lead, room))->followers, 1);
  expect_refused(try_join(account, code(), "ETH/USDT"), make_error_code(copy_errc::already_member));
}

TEST_P(CopyStore, TheRoomBoundsWhatOneMayJoinWith) {
  const auto account = w.add_account();
  expect_refused(try_join(account, code(), "XRP/USDT"), make_error_code(tenant_errc::invalid));
  expect_refused(try_join(account, code(), "BTC/USDT", R"({"sizing":"ratio","ratio":"3"})"), make_error_code(tenant_errc::invalid));
  expect_refused(try_join(account, code(), "BTC/USDT", R"({"sizing":"fixed","order_notional":"501"})"), make_error_code(tenant_errc::invalid));
  expect_refused(try_join(account, code(), "BTC/USDT", R"({"source":"room:1"})"), make_error_code(tenant_errc::invalid));
  auto wrong = try_join(account, code(), "BTC/USDT", R"({"max_age_s":"0"})");
  ASSERT_FALSE(wrong);
  EXPECT_TRUE(wrong.error().detail.starts_with("parameters.max_age_s:")) << wrong.error().detail;
  EXPECT_TRUE(try_join(account, code(), "BTC/USDT", R"({"sizing":"fixed","order_notional":"500"})"));
}

TEST_P(CopyStore, ACodeOpensAsOftenAsItSays) {
  const auto once = code(1);
  ASSERT_TRUE(try_join(w.add_account(), once));
  expect_refused(try_join(w.add_account(), once), make_error_code(copy_errc::invitation_over));
  expect_refused(try_join(w.add_account(), "room-nobody-made-this"), make_error_code(tenant_errc::not_found));
  auto made = w.run(service.inner.invite(lead, room, {})).value();
  ASSERT_TRUE(w.run(w.rooms->revoke_invitation(lead, room, made.invitation.id)));
  expect_refused(try_join(w.add_account(), made.code), make_error_code(copy_errc::invitation_over));
  w.tick();
  new_invitation late{.room = room, .code_hash = std::string(64, 'a'), .username = {}, .expires_at = w.now() - 1s};
  ASSERT_TRUE(w.run(w.rooms->invite(lead, late, 10)));
  expect_refused(w.run(w.rooms->look_in(lead, {.code_hash = std::string(64, 'a'), .room = {}})), make_error_code(copy_errc::invitation_over));
}

TEST_P(CopyStore, AFailedJoinUsesNothingUp) {
  const auto once = code(1);
  const auto account = w.add_account();
  expect_refused(w.run(service.inner.join(w.user_of(account), {.code = once, .account = account_id(account.value + 9'999), .symbol = "BTC/USDT"})),
                 make_error_code(tenant_errc::not_found));
  new_bot rival{.user = w.user_of(account), .account = account, .name = "n", .strategy = "grid", .parameters = "{}", .symbol = "BTC/USDT",
                .desired = desired_state::running};
  ASSERT_TRUE(w.run(w.bots->create(rival, 10)));
  expect_refused(try_join(account, once), make_error_code(bot_errc::market_taken));
  EXPECT_TRUE(try_join(account, once, "ETH/USDT"));
}

TEST_P(CopyStore, ANameCanBeInvited) {
  const auto account = w.add_account(), other = w.add_account();
  const auto guest = w.user_of(account);
  auto made = w.run(service.inner.invite(lead, room, {.username = w.name_of(account)})).value();
  EXPECT_TRUE(made.code.empty());
  ASSERT_TRUE(w.run(service.inner.invite(lead, room, {.username = "nobody-has-this"}))) << "names are not told apart";
  EXPECT_EQ(w.run(w.rooms->get_room(guest, room))->role, room_role::invited);
  EXPECT_EQ(w.run(w.rooms->list_rooms(guest, {.role = room_role::invited}))->size(), 1u);
  EXPECT_TRUE(w.run(w.rooms->list_rooms(guest, {.role = room_role::member}))->empty());
  expect_refused(w.run(service.inner.join(w.user_of(other), {.room = room, .account = other, .symbol = "BTC/USDT"})),
                 make_error_code(tenant_errc::not_found));
  EXPECT_TRUE(w.run(service.inner.join(guest, {.room = room, .account = account, .symbol = "BTC/USDT"})));
}

TEST_P(CopyStore, AFullRoomTakesNobody) {
  for (int i = 0; i < 3; ++i) join(w.add_account());
  expect_refused(try_join(w.add_account(), code()), make_error_code(copy_errc::room_full));
}

TEST_P(CopyStore, NobodyLeadsAndFollowsWithOneAccount) {
  const auto account = w.add_account();
  expect_refused(try_join(lead_account, code()), make_error_code(copy_errc::would_chain));
  join(account);
  new_room chained = wanted_room();
  chained.lead = w.user_of(account);
  chained.account = account;
  expect_refused(w.run(w.rooms->create_room(chained, 10)), make_error_code(copy_errc::would_chain));
}

TEST_P(CopyStore, LeavingStopsTheBotAndKeepsTheHistory) {
  const auto account = w.add_account();
  const auto btc = join(account), eth = join(account, "ETH/USDT");
  auto left = w.run(w.rooms->leave(btc.user, room, btc.id)).value();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].state, member_state::left);
  EXPECT_TRUE(left[0].ended_at);
  EXPECT_EQ(desired_of(btc), desired_state::stopped);
  EXPECT_EQ(desired_of(eth), desired_state::running);
  ASSERT_TRUE(w.run(w.rooms->leave(btc.user, room, {})));
  EXPECT_EQ(w.run(w.rooms->get_room(btc.user, room))->role, room_role::former);
  expect_refused(w.run(w.rooms->leave(btc.user, room, {})), make_error_code(tenant_errc::not_found));
  EXPECT_TRUE(try_join(account, code())) << "one may come back";
}

TEST_P(CopyStore, TheLeadRemovesAndSeesNamesAndDriftOnly) {
  const auto first = join(w.add_account()), second = join(w.add_account());
  w.save_state(second.bot, R"({"own":{"drift":"0.25"}})");
  EXPECT_EQ(w.run(w.rooms->remove_member(lead, room, first.id))->state, member_state::removed);
  EXPECT_EQ(desired_of(first), desired_state::stopped);
  auto seen = w.run(w.rooms->list_members(lead, room, 0, 10)).value();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].drift, std::nullopt);
  EXPECT_EQ(seen[1].drift, "0.25"_dec);
  auto own = w.run(w.rooms->list_members(second.user, room, 0, 10)).value();
  ASSERT_EQ(own.size(), 1u);
  EXPECT_EQ(own[0].id, second.id);
}

TEST_P(CopyStore, ClosingEndsInvitationsAndMemberships) {
  const auto m = join(w.add_account());
  const auto open = code();
  auto closed = w.run(service.inner.close(lead, room, "holidays")).value();
  EXPECT_EQ(closed.state, room_state::closed);
  EXPECT_EQ(closed.reason, "The lead closed the room: holidays");
  EXPECT_TRUE(closed.closed_at);
  EXPECT_EQ(desired_of(m), desired_state::stopped);
  auto seen = w.run(w.rooms->list_members(m.user, room, 0, 10)).value();
  EXPECT_EQ(seen.at(0).state, member_state::ended);
  EXPECT_EQ(seen.at(0).reason, closed.reason);
  expect_refused(try_join(w.add_account(), open), make_error_code(copy_errc::invitation_over));
  expect_refused(w.run(service.inner.invite(lead, room, {})), make_error_code(copy_errc::room_closed));
  EXPECT_TRUE(w.run(w.rooms->load_routes(room))->empty());
  EXPECT_EQ(w.run(service.inner.close(lead, room, "again"))->reason, closed.reason);
}

TEST_P(CopyStore, ABannedLeadsRoomEnds) {
  const auto m = join(w.add_account());
  EXPECT_EQ(w.run(w.rooms->end_orphans()).value(), 0);
  w.ban(lead);
  EXPECT_EQ(w.run(w.rooms->end_orphans()).value(), 1);
  EXPECT_EQ(w.run(w.rooms->get_room(m.user, room))->room.reason, "The lead was banned");
  EXPECT_EQ(desired_of(m), desired_state::stopped);
  EXPECT_EQ(w.run(w.rooms->end_orphans()).value(), 0);
}

TEST_P(CopyStore, MembershipsEndWithTheirAccountUserOrBot) {
  const auto first = join(w.add_account()), second = join(w.add_account()), third = join(w.add_account());
  w.delete_account(first.account);
  w.ban(second.user);
  ASSERT_TRUE(w.run(w.bots->remove(third.user, third.bot)));
  EXPECT_EQ(w.run(w.rooms->end_orphans()).value(), 3);
  auto seen = w.run(w.rooms->list_members(lead, room, 0, 10)).value();
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].reason, "The following account was deleted");
  EXPECT_EQ(seen[1].reason, "The follower was banned");
  EXPECT_EQ(seen[2].reason, "The following bot was deleted");
  for (const auto& m : seen) EXPECT_EQ(m.state, member_state::ended);
}

TEST_P(CopyStore, InvitationsOfConnectedLeadsLastLonger) {
  EXPECT_TRUE(w.run(w.rooms->load_waiting_leads())->empty());
  auto made = w.run(service.inner.invite(lead, room, {.while_connected = true})).value();
  EXPECT_EQ(w.run(w.rooms->load_waiting_leads()).value(), std::vector{lead});
  const auto until = w.now() + 10min;
  ASSERT_TRUE(w.run(w.rooms->extend_invitations({lead}, until)));
  auto seen = w.run(w.rooms->list_invitations(lead, room)).value();
  EXPECT_GT(seen.at(0).expires_at, until - 1s);
  EXPECT_LT(made.invitation.expires_at, until - 1min);
}

TEST_P(CopyStore, RoutesNameWhoFollowsWhere) {
  const auto account = w.add_account();
  const auto btc = join(account), eth = join(account, "ETH/USDT");
  auto patient = try_join(w.add_account(), code(), "BTC/USDT", R"({"sizing":"equity","max_age_s":"60"})").value();
  auto routes = w.run(w.rooms->load_routes({})).value();
  ASSERT_EQ(routes.size(), 1u);
  EXPECT_EQ(routes[0].room, room);
  EXPECT_EQ(routes[0].account, lead_account);
  ASSERT_EQ(routes[0].markets.size(), 2u);
  EXPECT_EQ(routes[0].markets[0].symbol, "BTC/USDT");
  ASSERT_EQ(routes[0].markets[0].followers.size(), 2u);
  EXPECT_EQ(routes[0].markets[0].followers[0].bot, btc.bot);
  EXPECT_EQ(routes[0].markets[0].followers[0].max_age, 10s);
  EXPECT_FALSE(routes[0].markets[0].followers[0].needs_worth);
  EXPECT_EQ(routes[0].markets[0].followers[1].bot, patient.bot);
  EXPECT_EQ(routes[0].markets[0].followers[1].max_age, 60s);
  EXPECT_TRUE(routes[0].markets[0].followers[1].needs_worth);
  EXPECT_EQ(routes[0].markets[1].followers[0].bot, eth.bot);
}

TEST_P(CopyStore, AFillOfTheLeadIsASignalOfTheRoom) {
  const auto m = join(w.add_account());
  const auto fill = w.fill(lead_account, lead_bot);
  w.fill(lead_account, lead_bot, "XRP/USDT");
  w.fill(m.account, m.bot);
  auto open = unfinished();
  ASSERT_EQ(open.size(), 1u);
  EXPECT_EQ(open[0].signal.key, (signal_key{room, fill}));
  EXPECT_EQ(open[0].signal.symbol, "BTC/USDT");
  EXPECT_EQ(open[0].signal.price, decimal(100));
  EXPECT_EQ(open[0].signal.quantity, decimal(2));
  EXPECT_EQ(open[0].lead_bot, lead_bot);
  ASSERT_EQ(open[0].missing.size(), 1u);
  EXPECT_EQ(open[0].missing[0].follower.bot, m.bot);
  EXPECT_TRUE(open[0].missing[0].joined);
  EXPECT_EQ(open[0].missing[0].order, uuid());
}

TEST_P(CopyStore, OnlyWhoWasInTheRoomMisses) {
  const auto early = join(w.add_account()), gone = join(w.add_account());
  ASSERT_TRUE(w.run(w.rooms->leave(gone.user, room, {})));
  w.tick();
  w.fill(lead_account, lead_bot);
  w.tick();
  join(w.add_account());
  ASSERT_TRUE(w.run(w.rooms->leave(early.user, room, {})));
  auto open = unfinished();
  ASSERT_EQ(open.size(), 1u);
  ASSERT_EQ(open[0].missing.size(), 1u);
  EXPECT_EQ(open[0].missing[0].follower.account, early.account);
  EXPECT_FALSE(open[0].missing[0].joined);
}

TEST_P(CopyStore, AnOrderThatFollowsAlreadyIsTold) {
  const auto m = join(w.add_account());
  const auto fill = w.fill(lead_account, lead_bot);
  const auto order = w.add_order(m.account, m.bot, "signal:" + to_signal_id({room, fill}));
  auto open = unfinished();
  ASSERT_EQ(open.size(), 1u);
  EXPECT_EQ(open[0].missing.at(0).order, order);
  EXPECT_EQ(open[0].missing.at(0).quantity, decimal(2));
}

TEST_P(CopyStore, ASignalIsCompleteWhenEverybodyHasAReceipt) {
  const auto first = join(w.add_account()), second = join(w.add_account());
  const auto fill = w.fill(lead_account, lead_bot);
  record({receipt_for(first, fill)}, {{room, fill}});
  ASSERT_EQ(unfinished().size(), 1u) << "one is missing";
  record({receipt_for(second, fill)}, {{room, fill}});
  EXPECT_TRUE(unfinished().empty());
  EXPECT_TRUE(w.run(w.rooms->list_signals(lead, room, {})).value().at(0).completed);
}

/// The room closed as the fill was booked: there is no signal, and one that waits beside it is not held up.
TEST_P(CopyStore, AReceiptOfNoSignalIsLeftOut) {
  const auto m = join(w.add_account());
  const auto fill = w.fill(lead_account, lead_bot);
  auto stray = receipt_for(m, fill);
  stray.key.fill = fill_id(fill.value + 1'000);
  record({stray, receipt_for(m, fill)}, {{room, stray.key.fill}, {room, fill}});
  EXPECT_TRUE(unfinished().empty());
  EXPECT_EQ(w.run(w.rooms->list_receipts(lead, room, {})).value().size(), 1u);
}

TEST_P(CopyStore, ASignalThatNobodyFollowsIsComplete) {
  w.fill(lead_account, lead_bot);
  EXPECT_TRUE(unfinished().empty());
  EXPECT_TRUE(w.run(w.rooms->list_signals(lead, room, {})).value().at(0).completed);
}

TEST_P(CopyStore, AReceiptIsWrittenOnce) {
  const auto m = join(w.add_account());
  const auto fill = w.fill(lead_account, lead_bot);
  record({receipt_for(m, fill)});
  record({receipt_for(m, fill, signal_outcome::skipped), receipt_for(m, fill, signal_outcome::carried)});
  auto seen = w.run(w.rooms->list_receipts(lead, room, {})).value();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].receipt.outcome, signal_outcome::taken);
  EXPECT_EQ(seen[0].receipt.latency, 5ms);
  EXPECT_EQ(seen[0].name, m.name);
  EXPECT_EQ(seen[0].signal_price, decimal(100));
}

TEST_P(CopyStore, EverybodySeesTheirOwnReceiptsAndTheLeadAll) {
  const auto first = join(w.add_account()), second = join(w.add_account());
  const auto older = w.fill(lead_account, lead_bot), newer = w.fill(lead_account, lead_bot);
  for (const auto fill : {older, newer}) record({receipt_for(first, fill), receipt_for(second, fill)});
  const auto receipts = [&](user_id user, feed_page page = {}) { return w.run(w.rooms->list_receipts(user, room, page)).value(); };
  EXPECT_EQ(receipts(lead).size(), 4u);
  EXPECT_EQ(receipts(first.user).size(), 2u);
  EXPECT_EQ(receipts(first.user)[0].receipt.key.fill, newer);
  EXPECT_EQ(receipts(lead, {.of_fill = older.value}).size(), 2u);
  auto page = receipts(lead, {.limit = 3});
  ASSERT_EQ(page.size(), 3u);
  auto rest = receipts(lead, {.limit = 3, .before_fill = page[2].receipt.key.fill.value, .after_account = page[2].receipt.account});
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].receipt.account, second.account);
}

TEST_P(CopyStore, AFollowerSeesTheSignalsOfTheirTime) {
  w.fill(lead_account, lead_bot);
  w.tick();
  const auto m = join(w.add_account());
  const auto fill = w.fill(lead_account, lead_bot);
  w.fill(lead_account, lead_bot, "ETH/USDT");
  auto seen = w.run(w.rooms->list_signals(m.user, room, {})).value();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].key.fill, fill);
  EXPECT_EQ(w.run(w.rooms->list_signals(lead, room, {}))->size(), 3u);
}

INSTANTIATE_TEST_SUITE_P(Backends, CopyStore, ::testing::Values("memory", "postgres"));

TEST(CopyStorePostgres, ReceiptsTellWhatTheOrderDidSince) {
  test::copy_backend w("postgres");
  const auto lead_account = w.add_account(), account = w.add_account();
  const auto lead = w.user_of(lead_account);
  room_service service(*w.rooms, system_random(), system_clock(), {});
  const auto room = w.run(service.create({.lead = lead, .account = lead_account, .name = "n", .max_followers = 1})).value().id;
  const auto code = w.run(service.invite(lead, room, {})).value().code;
  const auto m = w.run(service.join(w.user_of(account), {.code = code, .account = account, .symbol = "BTC/USDT"})).value();
  const auto fill = w.fill(lead_account, w.accounts->add_bot(lead_account));
  const auto tag = "signal:" + to_signal_id({room, fill});
  const auto order = w.add_order(account, m.bot, tag);
  auto traded = test::make_fill("own", exchanges::side::buy, decimal(1), decimal(101), decimal());
  ASSERT_TRUE(w.run(w.accounts->journal().record_fill(m.user, account, order, test::make_instrument(), traded)));
  ASSERT_TRUE(w.run(w.rooms->record({{.key = {room, fill}, .account = account, .member = m.id, .outcome = signal_outcome::taken, .reason = "",
                                      .quantity = decimal(2), .order = order, .judged_at = w.now(), .latency = 1ms}},
                                    {})));
  const auto seen = w.run(w.rooms->list_receipts(m.user, room, {})).value();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].receipt.order, order);
  EXPECT_EQ(seen[0].order_state, "accepted");
  EXPECT_EQ(seen[0].filled_quantity, decimal(1));
  EXPECT_EQ(seen[0].slippage, "0.01"_dec);
  EXPECT_EQ(w.stored->stored.sql("SELECT string_agg(action, ' ' ORDER BY id) FROM audit_events"), "room.create room.invite bot.create room.join");
  EXPECT_EQ(w.stored->stored.sql("SELECT count(*) FROM copy_invitations WHERE code_hash = '" + code + "'"), "0") << "only the hash is kept";
}

TEST(CopyStorePostgres, AStoppedFollowersBotSaysWhy) {
  test::copy_backend w("postgres");
  const auto lead_account = w.add_account(), account = w.add_account();
  const auto lead = w.user_of(lead_account);
  room_service service(*w.rooms, system_random(), system_clock(), {});
  const auto room = w.run(service.create({.lead = lead, .account = lead_account, .name = "n", .max_followers = 1})).value().id;
  const auto code = w.run(service.invite(lead, room, {})).value().code;
  const auto m = w.run(service.join(w.user_of(account), {.code = code, .account = account, .symbol = "BTC/USDT"})).value();
  ASSERT_TRUE(w.run(w.rooms->remove_member(lead, room, m.id)));
  ASSERT_TRUE(w.run(w.bots->mark_at_rest(m.bot, "")));
  EXPECT_EQ(w.run(w.bots->get(m.user, m.bot))->reason, "The lead removed you from the room");
}

}  // namespace
}  // namespace drover::engine
