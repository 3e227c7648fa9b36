#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/json.hpp"
#include "engine/strategies/strategy.hpp"

namespace drover::engine {
namespace {

/// The least that makes each kind.
std::string least_parameters(std::string_view kind) {
  return kind == "twap" ? R"({"total_quantity":"1"})" : "{}";
}

TEST(StrategyKinds, AllSevenAndOnlyOnce) {
  std::set<std::string_view> names;
  for (const auto& kind : strategy_kinds()) EXPECT_TRUE(names.insert(kind.name).second);
  EXPECT_EQ(names, (std::set<std::string_view>{"dca", "grid", "market_making", "rebalancing", "signal_following",
                                               "trailing_stop", "twap"}));
}

TEST(StrategyKinds, SchemasAreFitToDrawAForm) {
  for (const auto& kind : strategy_kinds()) {
    const auto schema = json::parse(kind.parameter_schema);
    EXPECT_EQ(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    EXPECT_EQ(schema["additionalProperties"], false);
    ASSERT_FALSE(schema["properties"].empty());
    for (const auto& [name, property] : schema["properties"].items()) {
      EXPECT_TRUE(property.contains("title") && property.contains("description")) << kind.name << " " << name;
      EXPECT_TRUE(property.contains("type") || property.contains("enum") || property.contains("$ref"))
          << kind.name << " " << name;
    }
  }
}

TEST(StrategyKinds, DefaultsOfTheSchemaAreAccepted) {
  for (const auto& kind : strategy_kinds()) {
    auto parameters = json::parse(least_parameters(kind.name));
    for (const auto& [name, property] : json::parse(kind.parameter_schema)["properties"].items())
      if (property.contains("default")) parameters[name] = property["default"];
    auto made = kind.make(parameters.dump(), "");
    EXPECT_TRUE(made) << kind.name << ": " << made.error().detail;
    auto symbol = kind.symbol_of(parameters.dump());
    ASSERT_TRUE(symbol);
    EXPECT_EQ(*symbol, "BTC/USDT");
  }
}

TEST(StrategyKinds, UnknownAndMalformedParametersAreNamed) {
  for (const auto& kind : strategy_kinds()) {
    auto unknown = kind.make(R"({"colour":"red"})", "");
    ASSERT_FALSE(unknown) << kind.name;
    EXPECT_NE(unknown.error().detail.find("colour is not a parameter of"), std::string::npos) << unknown.error().detail;
    EXPECT_FALSE(kind.make("[1]", "")) << kind.name;
    EXPECT_FALSE(kind.make("{", "")) << kind.name;
    EXPECT_FALSE(kind.symbol_of(R"({"symbol":"btcusdt"})")) << kind.name;
  }
}

TEST(StrategyKinds, BrokenStatesAreRefusedAndNeverThrow) {
  for (const auto& kind : strategy_kinds()) {
    const auto parameters = least_parameters(kind.name);
    auto made = kind.make(parameters, "");
    ASSERT_TRUE(made);
    const auto whole = (*made)->save_state();
    for (const std::string text : {"{", "[]", "7", R"({"v":99})"}) {
      auto restored = kind.make(parameters, text);
      ASSERT_FALSE(restored) << kind.name << " " << text;
      EXPECT_EQ(restored.error().code, errc::malformed);
    }
    if (whole.empty()) continue;
    EXPECT_TRUE(kind.make(parameters, whole)) << kind.name;
    // A state with any one member missing or of another type.
    const auto flat = json::parse(whole).flatten();
    for (const auto& [path, value] : flat.items()) {
      auto broken = flat;
      broken[path] = value.is_string() ? json(7) : json("x");
      EXPECT_NO_THROW({ auto restored = kind.make(parameters, broken.unflatten().dump()); })
          << kind.name << " " << path;
    }
  }
}

}  // namespace
}  // namespace drover::engine
