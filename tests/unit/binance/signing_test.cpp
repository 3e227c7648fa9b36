#include "exchanges/binance/signing.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/exchanges/fakes.hpp"

namespace drover::exchanges::binance {
namespace {

using ordered = nlohmann::ordered_json;

ordered vectors() { return ordered::parse(test::read_test_data("signing_vectors.json")); }

std::string text_of(const ordered& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

TEST(BinanceSigning, MakesTheRequestsOfAForeignClient) {
  int checked = 0;
  for (const auto& v : vectors()) {
    if (v["transport"] != "rest") continue;
    form params;
    for (const auto& [key, value] : v["params"].items()) params.add(key, text_of(value));
    secret key(v["credentials"]["secret"].get<std::string>());
    auto made = sign_params(key, params.text(), v["clock_ms"].get<std::int64_t>(), milliseconds(v["recv_window"].get<int>()));
    auto expected = v["method"] == "POST" ? v["body"] : v["query"];
    EXPECT_EQ(made, expected.get<std::string>()) << v["title"];
    ++checked;
  }
  EXPECT_EQ(checked, 7);
}

TEST(BinanceSigning, SubscribesThePrivateStreamAsAForeignClient) {
  int checked = 0;
  for (const auto& v : vectors()) {
    if (v["transport"] != "ws") continue;
    credentials keys{secret(v["credentials"]["apiKey"].get<std::string>()),
                     secret(v["credentials"]["secret"].get<std::string>()), secret()};
    auto frame = make_subscribe_frame(keys, "1", v["clock_ms"].get<std::int64_t>(), milliseconds(v["recv_window"].get<int>()));
    EXPECT_EQ(nlohmann::json::parse(frame), nlohmann::json(v["frame"])) << v["title"];
    ++checked;
  }
  EXPECT_EQ(checked, 1);
}

TEST(BinanceSigning, EncodesWhatIsNotPlain) {
  form params;
  params.add("a", "x y&z=/é").add("n", std::int64_t{-3}).add("d", decimal::literal("0.00000001"));
  EXPECT_EQ(params.text(), "a=x%20y%26z%3D%2F%C3%A9&n=-3&d=0.00000001");
}

TEST(BinanceSigning, KeepsAHostileKeyInsideItsJsonString) {
  credentials keys{secret("a\"b\\c\n"), secret("s"), secret()};
  auto frame = make_subscribe_frame(keys, "1", 1, 5000ms);
  EXPECT_EQ(nlohmann::json::parse(frame)["params"]["apiKey"], "a\"b\\c\n");
}

}  // namespace
}  // namespace drover::exchanges::binance
