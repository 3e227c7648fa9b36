#include "exchanges/registry.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>

#include "tests/unit/exchanges/fakes.hpp"

namespace drover::exchanges {
namespace {

struct registry_fixture {
  asio::io_context io;
  test::manual_timers timers;
  seeded_random random{5};
  test::fake_http http;
  test::fake_connector sockets{io.get_executor(), timers};
  test::listing_recorder recorder;
  exchange_config config{.name = "mine", .dialect = "binance"};

  result<std::unique_ptr<exchange>> make() {
    return make_exchange(config, {io.get_executor(), timers, random, http, sockets, recorder});
  }
};

TEST(Registry, NamesTheKnownDialects) {
  registry_fixture f;
  f.config.dialect = "binnance";
  auto made = f.make();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, errc::not_found);
  EXPECT_NE(made.error().detail.find("known: binance"), std::string::npos);
}

TEST(Registry, EveryVenueSaysItsOwnName) {
  const auto names = known_dialects();
  ASSERT_EQ(known_venues().size(), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(known_venues()[i]->name, names[i]);
    EXPECT_EQ(find_venue(names[i]), known_venues()[i]);
    EXPECT_FALSE(known_venues()[i]->rules.empty()) << names[i];
    EXPECT_FALSE(known_venues()[i]->live.rest.empty()) << names[i];
  }
  EXPECT_EQ(find_venue("nowhere"), nullptr);
}

TEST(Registry, EveryVenueIsMadeWithItsOwnAddresses) {
  registry_fixture f;
  for (const auto& name : known_dialects()) {
    f.config.dialect = name;
    auto made = f.make();
    ASSERT_TRUE(made) << made.error().to_string();
    EXPECT_EQ((*made)->traits().name, name);
    EXPECT_EQ((*made)->name(), "mine");
  }
}

TEST(Registry, RefusesOptionsThatAVenueDoesNotKnow) {
  registry_fixture f;
  for (const auto& name : known_dialects()) {
    f.config.dialect = name;
    f.config.options = {{"no_such_option", "1"}};
    EXPECT_FALSE(f.make()) << name;
  }
}

TEST(Registry, SaysThatAVenueHasNoTestNetwork) {
  registry_fixture f;
  f.config.region = venue_region::testnet;
  for (const auto& name : known_dialects()) {
    f.config.dialect = name;
    EXPECT_EQ(f.make().has_value(), find_venue(name)->testnet.has_value()) << name;
  }
}

}  // namespace
}  // namespace drover::exchanges
