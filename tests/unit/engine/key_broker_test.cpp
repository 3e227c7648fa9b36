#include "engine/broker/key_broker.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "crypto/mac.hpp"
#include "tenants/accounts/account_service.hpp"
#include "tenants/errors.hpp"
#include "tests/support/coroutines.hpp"
#include "tests/support/manual_time.hpp"

namespace drover::engine {
namespace {

constexpr std::string_view token = "brk_of_the_test";

/// Signs by putting the secret's hash into a header: what was signed, with what and when can be read off the request.
class plain_protocol final : public exchanges::venue_protocol {
public:
  const exchanges::venue_traits& traits() const override {
    static const exchanges::venue_traits t{.name = "plain"};
    return t;
  }
  result<exchanges::wire_request> make_request(const exchanges::venue_call& call) const override {
    if (call.symbol == "BAD/COIN") return fail(exchanges::exchange_errc::refused, "no such market");
    exchanges::wire_request out;
    out.method = "POST";
    out.path = "/" + std::string(to_string(call.op));
    out.json = call.order.symbol;
    out.is_private = true;
    return out;
  }
  result<client_request> sign(exchanges::wire_request r, const exchanges::credentials* keys,
                              const exchanges::signing_context& c) const override {
    client_request out;
    out.method = r.method;
    out.url = std::string(c.base_url) + r.path;
    out.body = r.json;
    out.headers.emplace_back("X-Signature", to_hex(crypto::hmac_sha256(keys->api_secret.reveal(), r.path)));
    out.headers.emplace_back("X-Time", std::to_string(c.server_now.ms()));
    return out;
  }
  result<exchanges::venue_reply> read_answer(const exchanges::venue_call&, const client_response&,
                                             const exchanges::instrument_table&) const override {
    return fail(errc::malformed);
  }
  exchanges::limit_report read_limits(const exchanges::wire_request&, const client_response&,
                                      wall_time) const override {
    return {};
  }
  std::unique_ptr<exchanges::market_wire> make_market_wire() const override { return nullptr; }
  std::unique_ptr<exchanges::private_wire> make_private_wire() const override { return nullptr; }
};

/// A trail that can be away, and that something can happen beside.
class watched_clients final : public tenants::broker_client_store {
public:
  explicit watched_clients(std::unique_ptr<tenants::broker_client_store> inner) : inner_(std::move(inner)) {}
  task<result<tenants::broker_client>> add(tenants::new_broker_client c) override { return inner_->add(std::move(c)); }
  task<result<std::vector<tenants::broker_client>>> list() override { return inner_->list(); }
  task<result<std::vector<tenants::broker_client>>> list_of_uid(std::uint32_t uid) override {
    ++asked;
    return inner_->list_of_uid(uid);
  }
  task<result<void>> remove(std::string name) override { return inner_->remove(std::move(name)); }
  task<result<std::vector<bool>>> record(std::vector<tenants::broker_use> uses) override {
    if (is_away) co_return fail(tenants::tenant_errc::unavailable);
    ++commits;
    if (beside) beside();
    auto gone = std::exchange(remove_first, {});
    if (!gone.empty()) co_await inner_->remove(std::move(gone));
    co_return co_await inner_->record(std::move(uses));
  }
  bool is_away = false;
  int asked = 0, commits = 0;
  std::function<void()> beside;
  std::string remove_first;

private:
  std::unique_ptr<tenants::broker_client_store> inner_;
};

class KeyBroker : public testing::Test {
protected:
  KeyBroker() {
    venues_.emplace("paper", signing_venue{std::make_unique<plain_protocol>(), "https://paper.test"});
    account_ = connect();
    wait(accounts_->approve(user_id(9), account_, 1, "")).value();
  }
  template <class T>
  T wait(task<T> t) {
    return test::run(io_, std::move(t));
  }
  account_id connect() {
    tenants::account_request request{.exchange_name = "paper",
                                     .api_key = secret("the-api-key-" + std::to_string(++keys_)),
                                     .api_secret = secret("the-api-secret"),
                                     .passphrase = secret(),
                                     .label = "L"};
    return wait(service_.create(user_id(1), std::move(request))).value().id;
  }
  void register_client(bool may_reveal = false, int rate = 100, std::vector<account_id> accounts = {}) {
    if (accounts.empty()) accounts = {account_};
    wait(clients_.add({.name = "tester",
                       .uid = 1001,
                       .accounts = std::move(accounts),
                       .may_reveal = may_reveal,
                       .calls_per_second = rate,
                       .token_hash = to_hex(crypto::sha256(token))}))
        .value();
  }
  std::string ask_line(std::string_view line, std::uint32_t uid = 1001) {
    return std::string(wait(broker_.answer({uid, 77}, secret(line))).reveal());
  }
  json call(json what, std::uint32_t uid = 1001) {
    if (!what.contains("token")) what["token"] = token;
    if (!what.contains("account")) what["account"] = account_.value;
    if (!what.contains("call")) what["call"] = "sign";
    return json::parse(ask_line(what.dump(), uid));
  }
  std::string code_of(const json& answer) {
    return answer.at("ok").get<bool>() ? "ok" : answer.at("error").at("code").get<std::string>();
  }
  static json order() {
    return {
        {"op", "create_order"},
        {"arguments", {{"symbol", "BTC/USDT"}, {"side", "buy"}, {"type", "limit"}, {"price", "1"}, {"quantity", "2"}}}};
  }
  static json cancel() {
    return {{"op", "cancel_order"}, {"arguments", {{"symbol", "BTC/USDT"}, {"venue_order_id", "17"}}}};
  }
  std::vector<tenants::audit_record> trail(std::string action = "broker.") {
    return wait(audit_->list({.action = std::move(action)}, {})).value();
  }

  asio::io_context io_;
  test::manual_clock clock_;
  test::manual_timers timers_{clock_};
  seeded_random random_{5};
  crypto::keyring keyring_{crypto::master_key::generate(random_), random_};
  std::unique_ptr<tenants::audit_store> audit_ = tenants::make_memory_audit_store(clock_);
  std::unique_ptr<tenants::account_store> accounts_ =
      tenants::make_memory_account_store(clock_, {.is_active = [this](user_id id) { return !banned_.contains(id); },
                                                  .username = [](user_id) { return std::string("name"); }});
  tenants::account_service service_{*accounts_,
                                    keyring_,
                                    {.is_known = [](const std::string&) { return true; },
                                     .needs_passphrase = [](const std::string&) { return false; },
                                     .names = {"paper"}},
                                    [](std::string, secret, secret, secret) { return accept(); }};
  static task<tenants::probe_outcome> accept() {
    co_return tenants::probe_outcome{.accepted = true, .reason = "", .unavailable = false};
  }
  watched_clients clients_{tenants::make_memory_broker_client_store(clock_, *audit_, [](account_id) { return true; })};
  signing_venues venues_;
  entry_gate gate_;
  bool locked_down_ = false, open_ = true;
  std::set<user_id> banned_;
  int keys_ = 0;
  account_id account_;
  task<trading_word> read_word(order_owner owner, std::string venue) {
    EXPECT_EQ(venue, owner.exchange);
    const auto* halt = gate_.find(owner);
    co_return trading_word{.clock_offset = 250ms, .halted = halt ? halt->reason : ""};
  }
  key_broker_parts make_parts(const crypto::keyring& keys) {
    return {.executor = io_.get_executor(),
            .timers = timers_,
            .random = random_,
            .clients = clients_,
            .accounts = *accounts_,
            .audit = *audit_,
            .keyring = keys,
            .venues = venues_,
            .ask_trading = [this](order_owner owner,
                                  std::string venue) { return read_word(std::move(owner), std::move(venue)); },
            .is_locked_down = [this] { return locked_down_; },
            .is_open = [this] { return open_; }};
  }
  key_broker broker_{make_parts(keyring_)};
};

TEST_F(KeyBroker, SignsWithTheAccountsSecretAndTheExchangesClock) {
  register_client();
  const auto answer = call(order());
  ASSERT_EQ(code_of(answer), "ok") << answer;
  const auto& request = answer.at("request");
  EXPECT_EQ(request.at("method"), "POST");
  EXPECT_EQ(request.at("url"), "https://paper.test/create_order");
  EXPECT_EQ(request.at("body"), "BTC/USDT");
  EXPECT_EQ(request.at("headers").at("X-Signature"), to_hex(crypto::hmac_sha256("the-api-secret", "/create_order")));
  const auto now = (clock_.wall_now() + 250ms).ms();
  EXPECT_EQ(request.at("headers").at("X-Time"), std::to_string(now));
  EXPECT_EQ(answer.at("signed_at_ms"), now);
  EXPECT_EQ(answer.at("validity_window_ms"), 5'000);
}

TEST_F(KeyBroker, EachSignatureIsOnRecordBeforeItIsGiven) {
  register_client();
  call(order());
  const auto rows = trail("broker.sign");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].object, "account:" + std::to_string(account_.value));
  for (const auto* part : {"client=tester", "uid=1001", "pid=77", "create_order", "order.side=buy", "order.price=1"})
    EXPECT_NE(rows[0].detail.find(part), std::string::npos) << part << " in " << rows[0].detail;
}

TEST_F(KeyBroker, NoRecordNoSignature) {
  register_client(true);
  clients_.is_away = true;
  EXPECT_EQ(code_of(call(order())), "unavailable");
  EXPECT_EQ(code_of(call({{"call", "reveal"}})), "unavailable");
}

TEST_F(KeyBroker, CallsThatComeTogetherShareACommit) {
  register_client();
  auto line = order();
  line["token"] = token;
  line["account"] = account_.value;
  line["call"] = "sign";
  int done = 0;
  for (int i = 0; i < 10; ++i)
    asio::co_spawn(io_, broker_.answer({1001, 1}, secret(line.dump())),
                   [&](std::exception_ptr, secret said) { done += said.reveal().starts_with("{\"ok\":true"); });
  io_.restart();
  io_.run();
  EXPECT_EQ(done, 10);
  EXPECT_EQ(trail("broker.sign").size(), 10u);
  EXPECT_LE(clients_.commits, 2);
}

TEST_F(KeyBroker, TheKernelsWordComesBeforeTheToken) {
  register_client();
  EXPECT_EQ(code_of(call(order(), 1002)), "denied");
  auto wrong = order();
  wrong["token"] = "brk_something_else";
  EXPECT_EQ(code_of(call(wrong)), "denied");
  const auto rows = trail("broker.deny");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].object, "uid:1001");
  EXPECT_EQ(rows[1].object, "uid:1002");
  EXPECT_NE(rows[1].detail.find("has no client here"), std::string::npos);
}

TEST_F(KeyBroker, ARemovedClientGetsNothingEvenWhileItsCallIsUnderWay) {
  register_client();
  clients_.remove_first = "tester";
  const auto refused = call(order());
  EXPECT_EQ(code_of(refused), "denied");
  EXPECT_EQ(refused.at("error").at("message"), "the client was removed");
  EXPECT_TRUE(trail("broker.sign").empty());
  EXPECT_EQ(code_of(call(order())), "denied");
}

TEST_F(KeyBroker, AClientHasTheAccountsItWasGiven) {
  const auto other = connect();
  wait(accounts_->approve(user_id(9), other, 1, "")).value();
  register_client(true);
  for (auto what : {order(), json{{"call", "reveal"}}}) {
    what["account"] = other.value;
    EXPECT_EQ(code_of(call(what)), "not_given");
    what["account"] = 4711;
    EXPECT_EQ(code_of(call(what)), "not_given");
  }
  EXPECT_TRUE(trail("broker.sign").empty());
  EXPECT_EQ(trail("broker.refuse").size(), 4u);
}

TEST_F(KeyBroker, OnlyApprovedAndActiveAccountsOfActiveUsers) {
  const auto pending = connect();
  register_client(true, 100, {account_, pending});
  for (auto what : {order(), json{{"call", "reveal"}}}) {
    what["account"] = pending.value;
    EXPECT_EQ(code_of(call(what)), "account_not_ready");
  }
  wait(accounts_->set_active(user_id(1), account_, false)).value();
  EXPECT_EQ(code_of(call(order())), "account_not_ready");
  wait(accounts_->set_active(user_id(1), account_, true)).value();
  EXPECT_EQ(code_of(call(order())), "ok");
  banned_.insert(user_id(1));
  EXPECT_EQ(code_of(call(order())), "account_not_ready");
}

TEST_F(KeyBroker, WhatIsHaltedGetsNoOrdersSignedButCancelsAndReads) {
  register_client();
  gate_.close({.key = "lock", .verb = halt_verb::halt, .scope = {}, .reason = "Trading is locked by an administrator"});
  const auto refused = call(order());
  EXPECT_EQ(code_of(refused), "halted");
  EXPECT_EQ(refused.at("error").at("message"), "Trading is locked by an administrator");
  EXPECT_EQ(code_of(call(cancel())), "ok");
  EXPECT_EQ(code_of(call({{"op", "balances"}})), "ok");
  gate_.open("lock");
  EXPECT_EQ(code_of(call(order())), "ok");
  gate_.close(
      {.key = "k", .verb = halt_verb::halt, .scope = {halt_scope::kind::account, account_.value}, .reason = "Stopped"});
  EXPECT_EQ(code_of(call(order())), "halted");
  EXPECT_TRUE(trail("broker.sign").size() == 3u);
}

TEST_F(KeyBroker, ALockThatComesWhileTheRowIsWrittenHolds) {
  register_client();
  clients_.beside = [this] { gate_.close({.key = "lock", .verb = halt_verb::halt, .scope = {}, .reason = "Locked"}); };
  EXPECT_EQ(code_of(call(order())), "halted");
}

TEST_F(KeyBroker, NothingThatMovesCoinsIsSigned) {
  register_client();
  for (const auto* op : {"withdraw", "create_withdrawal", "transfer", "internal_transfer", "deposit_address"})
    EXPECT_EQ(code_of(call({{"op", op}})), "moves_coins") << op;
  EXPECT_EQ(code_of(call({{"op", "set_dead_man"}, {"arguments", {{"dead_man_after_ms", 0}}}})), "not_offered");
  EXPECT_EQ(code_of(call({{"op", "ticker"}, {"arguments", {{"symbol", "BTC/USDT"}}}})), "not_offered");
  EXPECT_EQ(code_of(call({{"op", "no_such_thing"}})), "not_offered");
  EXPECT_TRUE(trail("broker.sign").empty());
}

TEST_F(KeyBroker, NoArgumentLeavesItsPlaceInTheRequest) {
  register_client();
  for (const auto* id :
       {"../withdrawals/crypto", "1/../../x", "1?a=b", "1&a=b", "1#x", "a b", "1%2f2", "..", ".", "x\ny"})
    EXPECT_EQ(code_of(call({{"op", "find_order"}, {"arguments", {{"symbol", "BTC/USDT"}, {"venue_order_id", id}}}})),
              "bad_arguments")
        << id;
  for (const auto* symbol : {"A/B/C", "../A", "A/.", "./A", "/A", "A/", "BTC/USDT?x", "BTC USDT"})
    EXPECT_EQ(code_of(call({{"op", "open_orders"}, {"arguments", {{"symbol", symbol}}}})), "bad_arguments") << symbol;
  EXPECT_EQ(code_of(call({{"op", "open_orders"}, {"arguments", {{"symbol", "BAD/COIN"}}}})), "bad_arguments");
  EXPECT_EQ(code_of(call({{"op", "find_order"}, {"arguments", {{"nonsense", "1"}}}})), "bad_arguments");
  for (const auto window : {0, 10'001})
    EXPECT_EQ(code_of(call({{"op", "balances"}, {"arguments", {{"validity_window_ms", window}}}})), "bad_arguments")
        << window;
}

TEST_F(KeyBroker, ShowsSecretsOnlyWhereTheOperatorLetIt) {
  register_client(false);
  EXPECT_EQ(code_of(call({{"call", "reveal"}})), "reveal_off");
  ASSERT_TRUE(wait(clients_.remove("tester")));
  register_client(true);
  const log_capture log;
  const auto shown = call({{"call", "reveal"}});
  ASSERT_EQ(code_of(shown), "ok");
  EXPECT_EQ(shown.at("api_key"), "the-api-key-1");
  EXPECT_EQ(shown.at("api_secret"), "the-api-secret");
  EXPECT_FALSE(shown.contains("passphrase"));
  ASSERT_EQ(trail("broker.reveal").size(), 1u);
  EXPECT_EQ(log.text().find("the-api-"), std::string::npos);
  EXPECT_NE(log.text().find("was shown the keys"), std::string::npos);
  locked_down_ = true;
  EXPECT_EQ(code_of(call({{"call", "reveal"}})), "reveal_off");
}

TEST_F(KeyBroker, AClientThatCallsTooOftenIsToldWhenToComeAgain) {
  register_client(false, 2);
  EXPECT_EQ(code_of(call(cancel())), "ok");
  EXPECT_EQ(code_of(call(cancel())), "ok");
  const auto refused = call(cancel());
  EXPECT_EQ(code_of(refused), "too_many");
  EXPECT_EQ(refused.at("error").at("retry_after_ms"), 500);
  clock_.advance(500ms);
  EXPECT_EQ(code_of(call(cancel())), "ok");
}

TEST_F(KeyBroker, WhoIsRefusedAllTheTimeDoesNotFillTheTrail) {
  register_client();
  auto wrong = order();
  wrong["token"] = "brk_wrong";
  for (int i = 0; i < 100; ++i) call(wrong);
  EXPECT_EQ(trail("broker.deny").size(), static_cast<std::size_t>(key_broker::audited_refusals.burst));
  clock_.advance(1s);
  call(wrong);
  EXPECT_NE(trail("broker.deny")[0].detail.find("80 refusals before"), std::string::npos)
      << trail("broker.deny")[0].detail;
}

TEST_F(KeyBroker, OneUsersCallsAreBoundedBeforeTheDatabaseIsAsked) {
  for (int i = 0; i < key_broker::calls_of_uid.burst; ++i) call(order(), 5);
  const int asked = clients_.asked;
  EXPECT_EQ(code_of(call(order(), 5)), "too_many");
  EXPECT_EQ(clients_.asked, asked);
}

TEST_F(KeyBroker, NothingIsSignedBeforeLocksAreKnown) {
  register_client();
  open_ = false;
  EXPECT_EQ(code_of(call(order())), "unavailable");
}

TEST_F(KeyBroker, WhatIsNoCallIsToldWhatIsWrong) {
  const auto message = [this](std::string_view line) {
    return json::parse(ask_line(line)).at("error").at("message").get<std::string>();
  };
  EXPECT_TRUE(message("hello").starts_with("the line is no JSON"));
  EXPECT_EQ(message("[]"), "the line must be a JSON object");
  EXPECT_EQ(message("{}"), "token is missing");
  EXPECT_EQ(message(R"({"token":5})"), "token must be a text");
  EXPECT_EQ(message(R"({"token":"t"})"), "account must be the number of an account");
  EXPECT_EQ(message(R"({"token":"t","account":0})"), "account must be the number of an account");
  EXPECT_EQ(message(R"({"token":"t","account":1,"call":"steal"})"), "call must be \"sign\" or \"reveal\"");
  EXPECT_EQ(message(R"({"token":"t","account":1,"call":"sign"})"), "op is missing");
  EXPECT_EQ(message(R"({"token":"t","account":1,"call":"sign","op":"balances","arguments":[]})"),
            "arguments must be an object");
  EXPECT_TRUE(message(R"({"tokens":"t"})").starts_with("unknown member \"tokens\""));
}

TEST_F(KeyBroker, TheCallersMarkComesBack) {
  EXPECT_EQ(json::parse(ask_line(R"({"id":"a7"})")).at("id"), "a7");
  EXPECT_EQ(json::parse(ask_line(R"({"id":7,"token":"x","account":1,"call":"reveal"})")).at("id"), 7);
  EXPECT_FALSE(json::parse(ask_line("{}")).contains("id"));
}

TEST_F(KeyBroker, KeysThatWereTamperedWithDoNotSign) {
  register_client();
  crypto::keyring other(crypto::master_key::generate(random_), random_);
  key_broker stranger{make_parts(other)};
  auto line = order();
  line["token"] = token;
  line["account"] = account_.value;
  line["call"] = "sign";
  const auto said = json::parse(wait(stranger.answer({1001, 1}, secret(line.dump()))).reveal());
  EXPECT_EQ(code_of(said), "account_not_ready");
  EXPECT_NE(said.at("error").at("message").get<std::string>().find("must be entered again"), std::string::npos);
}

}  // namespace
}  // namespace drover::engine
