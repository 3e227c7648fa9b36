#include "exchanges/runtime/account_streams.hpp"

#include <gtest/gtest.h>

#include "tests/unit/exchanges/fake_venue.hpp"

namespace drover::exchanges {
namespace {

using test::runtime_fixture;
using lines = std::vector<std::string>;

struct stream_fixture : runtime_fixture {
  exchange_account& listen(const std::string& label) {
    auto& account = open(label);
    account.subscribe([this, label](const account_event& e) {
      if (std::holds_alternative<stream_opened>(e)) heard.push_back(label + " opened");
      if (const auto* lost = std::get_if<stream_lost>(&e)) heard.push_back(label + " lost"), reason = lost->reason;
      if (const auto* o = std::get_if<order_event>(&e)) heard.push_back(label + " order " + o->order.client_order_id);
      if (const auto* x = std::get_if<fill_event>(&e)) heard.push_back(label + " fill " + x->fill.trade_id);
    });
    settle();
    return account;
  }
  lines heard;
  std::string reason;
};

TEST(AccountStreams, LogsInThenSubscribesThenOpens) {
  stream_fixture f;
  f.build();
  f.listen("17");
  EXPECT_EQ(f.sockets.urls, lines{"ws://private"});
  EXPECT_EQ(f.line().sent, lines{"login key-17"});
  f.line().push("done");
  f.settle();
  EXPECT_EQ(f.line().sent, (lines{"login key-17", "subscribe"}));
  EXPECT_TRUE(f.heard.empty());
  f.line().push("done");
  f.line().push("order abc");
  f.line().push("fill 5");
  f.settle();
  EXPECT_EQ(f.heard, (lines{"17 opened", "17 order abc", "17 fill 5"}));
}

TEST(AccountStreams, RecordsWhatItHearsAndNothingItSays) {
  stream_fixture f;
  f.build();
  f.listen("17");
  f.line().push("done");
  f.settle();
  bool labelled = false;
  for (const auto& r : f.recorder.records) {
    EXPECT_EQ(r.find("login"), std::string::npos);
    labelled = labelled || r == "words.user||17|done";
  }
  EXPECT_TRUE(labelled);
}

TEST(AccountStreams, EachAccountHasItsOwnConnectionAndItsOwnTrouble) {
  stream_fixture f;
  f.build();
  f.listen("1");
  f.listen("2");
  for (int i = 0; i < 2; ++i)
    for (auto n : {0u, 1u}) {
      f.line(n).push("done");
      f.settle();
    }
  f.line(0).cut();
  f.advance(1s);
  EXPECT_EQ(f.heard, (lines{"1 opened", "2 opened", "1 lost"}));
  EXPECT_EQ(f.venue->get_health().reconnects, 1u);
}

TEST(AccountStreams, ARefusedLoginWaitsLongerEachTime) {
  stream_fixture f;
  f.build();
  f.listen("17");
  for (int i = 0; i < 2000; ++i) {
    auto& line = f.line(f.sockets.lines.size() - 1);
    if (!line.sent.empty() && !line.closed && line.incoming.empty()) line.push("refuse");
    f.advance(1s);
  }
  EXPECT_EQ(f.heard, lines{"17 lost"}) << "it is told once";
  EXPECT_GE(f.sockets.lines.size(), 5u);
  EXPECT_LE(f.sockets.lines.size(), 60u);
}

TEST(AccountStreams, AnUnreadableEventBeginsTheStreamAnew) {
  stream_fixture f;
  f.build();
  f.listen("17");
  for (int i = 0; i < 2; ++i) {
    f.line().push("done");
    f.settle();
  }
  f.line().push("garbage");
  f.advance(2s);
  EXPECT_EQ(f.heard, (lines{"17 opened", "17 lost"}));
  EXPECT_EQ(f.sockets.lines.size(), 2u);
}

TEST(AccountStreams, AVenueThatDoesNotAnswerTheLoginIsLeft) {
  stream_fixture f;
  f.build();
  f.listen("17");
  f.advance(13s);
  EXPECT_GE(f.sockets.lines.size(), 2u);
}

TEST(AccountStreams, AnAccountThatIsGoneHearsNothingAndItsConnectionCloses) {
  stream_fixture f;
  f.build();
  f.listen("17");
  f.accounts.clear();
  f.line().push("done");
  f.line().push("done");
  f.advance(3s);
  EXPECT_TRUE(f.heard.empty());
  EXPECT_TRUE(f.line().closed);
  f.advance(1min);
  EXPECT_EQ(f.sockets.lines.size(), 1u);
}

TEST(AccountStreams, AnAccountMayGoInsideItsOwnHandler) {
  stream_fixture f;
  f.build();
  auto& account = f.open("17");
  int events = 0;
  account.subscribe([&](const account_event&) {
    ++events;
    f.accounts.clear();
  });
  f.settle();
  for (int i = 0; i < 2; ++i) {
    f.line().push("done");
    f.settle();
  }
  f.line().push("order 1");
  f.advance(3s);
  EXPECT_EQ(events, 1);
}

/// Connections that are renewed after an hour at the latest.
struct aging_fixture : stream_fixture {
  aging_fixture() {
    protocol->private_habits.life_limit = 1h;
    protocol->private_habits.idle_limit = 24h;
    protocol->private_habits.answer_limit = 1h;
    build();
  }
  void open_line(std::size_t i) {
    for (int stage = 0; stage < 2; ++stage) {
      line(i).push("done");
      settle();
    }
  }
  void grow_old() {
    const auto before = sockets.lines.size();
    for (int i = 0; i < 1'000 && sockets.lines.size() == before; ++i) advance(5s);
    ASSERT_EQ(sockets.lines.size(), before + 1);
  }
};

TEST(AccountStreams, AnOldConnectionIsHeardUntilTheNewOneIsOpen) {
  aging_fixture f;
  f.listen("17");
  f.open_line(0);
  for (std::size_t day = 0; day < 3; ++day) {
    f.grow_old();
    f.line(day).push("fill old" + std::to_string(day));
    f.advance(1s);
    EXPECT_FALSE(f.line(day).closed);
    f.open_line(day + 1);
    f.advance(3s);
    EXPECT_TRUE(f.line(day).closed);
    f.line(day + 1).push("fill new" + std::to_string(day));
    f.settle();
  }
  EXPECT_EQ(f.heard, (lines{"17 opened", "17 fill old0", "17 fill new0", "17 fill old1", "17 fill new1", "17 fill old2", "17 fill new2"}))
      << "neither lost nor opened anew";
  EXPECT_TRUE(f.recorder.gaps.empty()) << f.recorder.gaps.front();
  EXPECT_EQ(f.venue->get_health().reconnects, 0u);
}

TEST(AccountStreams, AStandbyThatTakesOverAfterALossIsNewsAndLeavesAGap) {
  aging_fixture f;
  f.listen("17");
  f.open_line(0);
  f.grow_old();
  f.line(0).cut();
  f.settle();
  f.open_line(1);
  EXPECT_EQ(f.heard, (lines{"17 opened", "17 lost", "17 opened"}));
}

TEST(AccountStreams, AStandbyThatIsRefusedTroublesNobodyAndTheOldOneIsRenewed) {
  aging_fixture f;
  f.listen("17");
  f.open_line(0);
  f.grow_old();
  f.line(1).push("refuse");
  f.advance(1s);
  EXPECT_EQ(f.heard, lines{"17 opened"});
  f.advance(70s);
  EXPECT_TRUE(f.line(0).closed) << "before the venue ends it";
  EXPECT_EQ(f.heard, (lines{"17 opened", "17 lost"}));
}

TEST(AccountStreams, AnAccountThatGoesTakesBothConnectionsAlong) {
  aging_fixture f;
  f.listen("17");
  f.open_line(0);
  f.grow_old();
  f.accounts.clear();
  f.advance(5s);
  EXPECT_TRUE(f.line(0).closed);
  EXPECT_TRUE(f.line(1).closed);
}

/// The venue is away: its streams come one at a time, at least five seconds apart, and all of them once one gets through.
TEST(AccountStreams, DoNotStormAVenueThatIsAway) {
  stream_fixture f;
  f.protocol->private_habits.answer_limit = 1h;
  f.build();
  f.sockets.reachable = false;
  constexpr int accounts = 50;
  for (int i = 0; i < accounts; ++i) f.listen(std::to_string(i));
  f.advance(5s);
  const auto before = f.sockets.urls.size();
  f.advance(60s);
  EXPECT_LE(f.sockets.urls.size() - before, 12u);
  EXPECT_GE(f.sockets.urls.size() - before, 3u);
  f.sockets.reachable = true;
  f.advance(60s);
  EXPECT_EQ(f.sockets.lines.size(), std::size_t{accounts}) << "without anybody's help";
}

struct token_fixture : stream_fixture {
  token_fixture() {
    protocol->own.private_stream_needs_access = true;
    on_read = [this](const venue_call& c, const client_response&) -> std::optional<result<venue_reply>> {
      if (c.op == operation::keep_stream_access && !keeps) return fail(exchange_errc::refused, "no such token");
      if (c.op != operation::stream_access) return std::nullopt;
      if (!gives) return fail(exchange_errc::permission_missing, "no");
      auto access = std::make_shared<stream_access>();
      access->token = secret("token-" + std::to_string(++given));
      access->valid_for = 60min;
      return venue_reply{std::shared_ptr<const stream_access>(access), {}};
    };
    build();
  }
  void log_in(std::size_t number) {
    for (int i = 0; i < 2; ++i) {
      line(number).push("done");
      settle();
    }
  }
  bool gives = true, keeps = true;
  int given = 0;
};

TEST(AccountStreams, FetchesATokenForEachConnectionAndProlongsIt) {
  token_fixture f;
  f.listen("17");
  f.log_in(0);
  EXPECT_EQ(f.sockets.urls, lines{"ws://private?token-1"});
  for (int i = 0; i < 19; ++i) {
    f.line().push("nothing");
    f.advance(5min);
  }
  EXPECT_EQ(f.sent("keep_stream_access"), 3u);
  EXPECT_EQ(f.given, 1);
}

TEST(AccountStreams, ATokenThatCannotBeProlongedIsFetchedAnew) {
  token_fixture f;
  f.listen("17");
  f.log_in(0);
  f.keeps = false;
  f.advance(32min);
  ASSERT_GE(f.sockets.urls.size(), 2u);
  EXPECT_EQ(f.sockets.urls[1], "ws://private?token-2");
  EXPECT_EQ(f.heard, (lines{"17 opened", "17 lost"}));
}

TEST(AccountStreams, WithoutATokenNothingIsOpenedAndTheAccountHearsWhy) {
  token_fixture f;
  f.gives = false;
  f.listen("17");
  f.advance(10min);
  EXPECT_TRUE(f.sockets.urls.empty());
  EXPECT_EQ(f.heard, lines{"17 lost"});
  EXPECT_NE(f.reason.find("may not do this"), std::string::npos) << f.reason;
  EXPECT_LE(f.sent("stream_access"), 30u);
}

}  // namespace
}  // namespace drover::exchanges
