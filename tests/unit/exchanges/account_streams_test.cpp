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
