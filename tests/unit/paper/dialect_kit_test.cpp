#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "exchanges/paper/request_fields.hpp"
#include "exchanges/paper/request_meter.hpp"
#include "exchanges/paper/topic_board.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper {
namespace {

using namespace drover::literals;

wall_time at(std::int64_t ms) { return wall_time::from_ms(1'732'104'000'000 + ms); }

TEST(RequestMeter, FixedWindowBeginsAnew) {
  request_meter m(true);
  const auto n = m.add({.limit = 2, .window = milliseconds(1'000)});
  EXPECT_TRUE(m.charge(n, "a", 1, at(0)).allowed);
  EXPECT_EQ(m.charge(n, "a", 1, at(10)).remaining(), 0);
  const auto denied = m.charge(n, "a", 1, at(900));
  EXPECT_FALSE(denied.allowed);
  EXPECT_EQ(denied.used, 2);
  EXPECT_EQ(denied.retry_at, at(1'000));
  EXPECT_EQ(denied.retry_after(at(900)), seconds(1));
  EXPECT_TRUE(m.charge(n, "b", 1, at(900)).allowed);
  EXPECT_TRUE(m.charge(n, "a", 1, at(1'000)).allowed);
  EXPECT_EQ(m.get_statistics().denied, 1);
}

TEST(RequestMeter, SlidingWindowForgetsEachChargeInItsTurn) {
  request_meter m(true);
  const auto n = m.add({.model = limit_model::sliding_window, .limit = 2, .window = milliseconds(1'000)});
  m.charge(n, "a", 1, at(0));
  m.charge(n, "a", 1, at(600));
  EXPECT_EQ(m.charge(n, "a", 1, at(700)).retry_at, at(1'000));
  EXPECT_TRUE(m.charge(n, "a", 1, at(1'000)).allowed);
  EXPECT_FALSE(m.charge(n, "a", 1, at(1'599)).allowed);
  EXPECT_TRUE(m.charge(n, "a", 1, at(1'600)).allowed);
}

TEST(RequestMeter, DecayingCounterLeaksSteadily) {
  request_meter m(true);
  const auto n = m.add({.model = limit_model::decaying, .limit = 15, .window = milliseconds(3'000), .drained = 1});
  EXPECT_TRUE(m.charge(n, "a", 15, at(0)).allowed);
  const auto denied = m.charge(n, "a", 2, at(0));
  EXPECT_FALSE(denied.allowed);
  EXPECT_EQ(denied.retry_at, at(6'000));
  EXPECT_FALSE(m.charge(n, "a", 2, at(5'999)).allowed);
  EXPECT_TRUE(m.charge(n, "a", 2, at(6'000)).allowed);
  EXPECT_EQ(m.read(n, "a", at(6'000)).used, 15);
  EXPECT_EQ(m.read(n, "a", at(60'000)).used, 0);
}

TEST(RequestMeter, WhoGoesOnIsBanned) {
  request_meter m(true);
  const auto n = m.add({.limit = 1, .window = milliseconds(1'000), .counts_refused = true, .patience = 2, .ban = seconds(600)});
  m.charge(n, "a", 1, at(0));
  EXPECT_FALSE(m.charge(n, "a", 1, at(1)).banned);
  EXPECT_FALSE(m.charge(n, "a", 1, at(2)).banned);
  const auto banned = m.charge(n, "a", 1, at(3));
  EXPECT_TRUE(banned.banned);
  EXPECT_EQ(banned.retry_at, at(600'003));
  EXPECT_TRUE(m.charge(n, "a", 1, at(5'000)).banned) << "a ban outlasts the window";
  EXPECT_TRUE(m.charge(n, "a", 1, at(600'003)).allowed);
  EXPECT_EQ(m.get_statistics().banned, 2);
  EXPECT_EQ(m.get_statistics().denied, 4);
}

TEST(RequestMeter, CountsButNeverRefusesWhenNotEnforced) {
  request_meter m(false);
  const auto n = m.add({.limit = 1, .window = milliseconds(1'000), .patience = 0, .ban = seconds(1)});
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(m.charge(n, "a", 1, at(i)).allowed);
  EXPECT_EQ(m.read(n, "a", at(9)).used, 5);
}

TEST(RequestFields, TextsComeFromFormsAndJson) {
  const auto form = request_fields::from_form("a=1&b=x%20y&c=");
  ASSERT_TRUE(form);
  EXPECT_EQ(form->text("b"), "x y");
  EXPECT_FALSE(form->has("c"));
  EXPECT_EQ(form->whole("a").value().value(), 1);
  EXPECT_FALSE(request_fields::from_form("a=1&a=2"));
  EXPECT_FALSE(request_fields::from_form("a=%zz"));
  const auto body = request_fields::from_json(R"({"size":0.1000000000000000055,"px":"60000.1","n":7,"on":true,"list":[{"x":1.50}],"no":null})");
  ASSERT_TRUE(body);
  EXPECT_EQ(body->text("size"), "0.1000000000000000055");
  EXPECT_EQ(body->amount("px").value().value(), "60000.1"_dec);
  EXPECT_EQ(body->amount("size").error().why, field_problem::reason::too_precise);
  EXPECT_TRUE(body->flag("on"));
  EXPECT_FALSE(body->has("no"));
  ASSERT_NE(body->member("list"), nullptr);
  EXPECT_EQ(request_fields::from_json(body->member("list")->at(0)).text("x"), "1.50");
  EXPECT_EQ(body->member("absent"), nullptr);
}

TEST(RequestFields, HostileTextIsAProblemNotACrash) {
  for (const char* text : {"[", "[1]", "{\"a\":", "\xff", "1", "{\"a\":1}}", "nul", "{\"a\":1e400}"}) EXPECT_FALSE(request_fields::from_json(text)) << text;
  EXPECT_FALSE(read_loose_json(std::string(100'000, '[')));
  EXPECT_TRUE(request_fields::from_json(""));
  const auto f = request_fields::from_json(R"({"a":"NaN","b":-1,"d":"99999999999999999999999999","e":1.5,"f":99999999999999999999})");
  ASSERT_TRUE(f);
  for (const char* name : {"a", "b", "d"}) EXPECT_FALSE(f->amount(name)) << name;
  for (const char* name : {"a", "e", "f"}) EXPECT_FALSE(f->whole(name)) << name;
}

class hearing final : public topic_listener {
 public:
  hearing() : topics(*this, 2) {}
  void send(shared_text frame) override {
    heard.push_back(std::move(frame));
    if (dies) topics.clear();
    if (kills != nullptr) kills->topics.clear();
  }
  topic_subscriptions topics;
  std::vector<shared_text> heard;
  bool dies = false;
  hearing* kills = nullptr;
};

TEST(TopicBoard, FrameIsComposedOnceAndOnlyForListeners) {
  topic_board board;
  hearing a, b;
  int composed = 0;
  const auto render = [&] { return "frame " + std::to_string(++composed); };
  board.publish("x", render);
  board.at("x").publish(render);
  EXPECT_EQ(composed, 0);
  ASSERT_TRUE(a.topics.add(board, "x"));
  ASSERT_TRUE(a.topics.add(board, "x"));
  ASSERT_TRUE(b.topics.add(board, "x"));
  board.publish("x", render);
  EXPECT_EQ(composed, 1);
  EXPECT_EQ(a.heard.size(), 1u);
  EXPECT_EQ(a.heard[0].get(), b.heard[0].get());
  EXPECT_TRUE(a.topics.add(board, "y"));
  EXPECT_FALSE(a.topics.add(board, "z")) << "past the session's limit";
  EXPECT_TRUE(a.topics.remove("x"));
  EXPECT_FALSE(a.topics.remove("x"));
  EXPECT_EQ(a.topics.names(), std::vector<std::string>{"y"});
}

TEST(TopicBoard, SessionsMayDieWhileTheyAreTold) {
  topic_board board;
  hearing first, second, third;
  for (auto* h : {&first, &second, &third}) ASSERT_TRUE(h->topics.add(board, "x"));
  first.dies = true;
  first.kills = &third;
  board.publish("x", [] { return std::string("1"); });
  EXPECT_EQ(second.heard.size(), 1u);
  EXPECT_TRUE(third.heard.empty());
  board.publish("x", [] { return std::string("2"); });
  EXPECT_EQ(first.heard.size(), 1u);
  EXPECT_EQ(second.heard.size(), 2u);
}

TEST(WireText, TimesAndNumbersHaveTheWantedForm) {
  const wall_time t{nanoseconds(1'607'418'537'715'123'456)};
  EXPECT_EQ(to_iso_ms(t), "2020-12-08T09:08:57.715Z");
  EXPECT_EQ(to_epoch_seconds(t, 0), "1607418537");
  EXPECT_EQ(to_epoch_seconds(t, 6), "1607418537.715123");
  EXPECT_EQ(fixed("1.23999"_dec, 2), "1.23");
  EXPECT_EQ(count_places("0.00001"_dec), 5);
  EXPECT_EQ(count_places(decimal(10)), 0);
  EXPECT_EQ(quoted("a\"b\n\xff").substr(0, 6), "\"a\\\"b\\");
  EXPECT_EQ(join_list({"1", "2"}), "[1,2]");
}

TEST(WireText, OrderNumbersSurviveEveryForm) {
  for (const std::int64_t n : {1L, 2L, 3L, 1'000'000L, 4'611'686'018'427'387'903L}) {
    EXPECT_EQ(uuid_to_number(number_to_uuid(n, 5), 5), n);
    EXPECT_EQ(hex24_to_number(number_to_hex24(n), 0), n);
    EXPECT_EQ(letters_to_number(number_to_letters(n, 'O'), 'O'), n);
    EXPECT_FALSE(uuid_to_number(number_to_uuid(n, 5), 6));
    EXPECT_FALSE(letters_to_number(number_to_letters(n, 'O'), 'T'));
  }
  EXPECT_EQ(number_to_letters(1, 'O').size(), 19u);
  EXPECT_TRUE(is_uuid(number_to_uuid(77)));
  for (const char* text : {"", "x", "00000000-0000-0000-0000-000000000000", "OAAAAA-AAAAA-AAAAA"}) {
    EXPECT_FALSE(uuid_to_number(text)) << text;
    EXPECT_FALSE(letters_to_number(text, 'O')) << text;
    EXPECT_FALSE(hex24_to_number(text)) << text;
  }
}

}  // namespace
}  // namespace drover::exchanges::paper
