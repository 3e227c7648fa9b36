#include "exchanges/runtime/steady_part.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "base/log.hpp"
#include "tests/unit/exchanges/fake_venue.hpp"

namespace drover::exchanges {
namespace {

using test::runtime_fixture;

/// A venue some of whose answers make the reader throw, as a bug in a parser would.
struct SteadyPart : ::testing::Test {
  SteadyPart() {
    f.on_read = [this](const venue_call& c, const client_response&) -> std::optional<result<venue_reply>> {
      if (c.op != broken) return std::nullopt;
      ++thrown;
      throw std::runtime_error("a bug");
    };
  }
  log_capture said;
  runtime_fixture f;
  /// Whose answers throw.
  std::optional<operation> broken;
  int thrown = 0;
};

TEST_F(SteadyPart, TheClockGoesOnWhenItsAnswersCanBeReadAgain) {
  broken = operation::server_time;
  f.build();
  f.venue->start();
  f.advance(3min);
  EXPECT_GE(thrown, 3);
  EXPECT_LE(thrown, 20) << "the pauses grow";
  EXPECT_NE(said.text().find("a part of an exchange failed, it is started again"), std::string::npos);
  broken.reset();
  f.advance(2min);
  const auto asked = f.sent("server_time");
  const auto before = thrown;
  f.advance(2h);
  EXPECT_GT(f.sent("server_time"), asked) << "it is measured again and again";
  EXPECT_EQ(thrown, before);
}

TEST_F(SteadyPart, AStreamWhoseOpeningThrowsIsOpenedLaterAndOthersGoOn) {
  f.protocol->own.public_stream_needs_access = true;
  f.build();
  broken = operation::stream_access;
  int trades = 0;
  f.subscriptions.push_back(f.venue->subscribe_trades("BTC/USDT", [&](const auto& t) { trades += t != nullptr; }));
  auto& account = f.open("17");
  bool opened = false;
  account.subscribe([&](const account_event& e) { opened = opened || std::holds_alternative<stream_opened>(e); });
  f.settle();
  ASSERT_EQ(f.sockets.urls, std::vector<std::string>{"ws://private"})
      << "the private stream does not wait for the other";
  for (int stage = 0; stage < 2; ++stage) {
    f.line(0).push("done");
    f.settle();
  }
  f.advance(10s);
  EXPECT_TRUE(opened);
  EXPECT_GE(thrown, 2);
  broken.reset();
  f.on_read = [](const venue_call& c, const client_response&) -> std::optional<result<venue_reply>> {
    if (c.op != operation::stream_access) return std::nullopt;
    auto access = std::make_shared<stream_access>();
    access->url = "ws://given";
    return venue_reply{std::shared_ptr<const stream_access>(std::move(access)), {}};
  };
  for (int i = 0; i < 700 && f.sockets.lines.size() < 2; ++i) f.advance(100ms);
  ASSERT_EQ(f.sockets.urls.back(), "ws://given");
  f.line(1).push("trade BTC/USDT 1");
  f.settle();
  EXPECT_EQ(trades, 1);
}

TEST_F(SteadyPart, AnOrderBookWhoseSnapshotThrowsIsReadLater) {
  f.protocol->rules = {book_continuity::first_follows_last, true, 0};
  f.build();
  broken = operation::book;
  int books = 0;
  f.subscriptions.push_back(f.venue->subscribe_book("BTC/USDT", [&](const auto& b) { books += b != nullptr; }));
  f.settle();
  f.line().push("change BTC/USDT 5 6");
  f.advance(30s);
  EXPECT_GE(thrown, 2);
  EXPECT_EQ(books, 0);
  f.on_read = [](const venue_call& c, const client_response&) -> std::optional<result<venue_reply>> {
    if (c.op != operation::book) return std::nullopt;
    return venue_reply{book_snapshot{"BTC/USDT", {{decimal(1), decimal(1)}}, {}, 5}, {}};
  };
  f.advance(70s);
  EXPECT_GE(books, 1);
}

TEST_F(SteadyPart, InstrumentsWhoseAnswerThrowsAreAskedForAgain) {
  broken = operation::instruments;
  f.build();
  auto first = f.run(f.venue->find_instrument("BTC/USDT"));
  EXPECT_FALSE(first);
  broken.reset();
  f.advance(2min);
  EXPECT_TRUE(f.run(f.venue->find_instrument("BTC/USDT")));
}

TEST_F(SteadyPart, StoppingEndsAPartInItsPause) {
  broken = operation::server_time;
  f.build();
  f.venue->start();
  f.advance(20s);
  const auto before = thrown;
  ASSERT_GE(before, 1);
  bool stopped = false;
  asio::co_spawn(f.io, f.venue->stop(), [&](std::exception_ptr) { stopped = true; });
  f.settle();
  EXPECT_TRUE(stopped);
  f.advance(5min);
  EXPECT_EQ(thrown, before);
}

}  // namespace
}  // namespace drover::exchanges
