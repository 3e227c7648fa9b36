#include "exchanges/bybit/wire.hpp"
#include "exchanges/protocol/answers.hpp"
#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges::bybit {

namespace {

constexpr stream_habits private_habits{.topics_per_connection = 3,
                                       .topics_per_message = 3,
                                       .message_interval = 100ms,
                                       .ping_interval = 20s,
                                       .idle_limit = 45s,
                                       .life_limit = 23h,
                                       .answer_limit = 10s};
/// The login stays valid for so long after it was signed.
constexpr milliseconds login_window{10'000};

class bybit_private_wire final : public private_wire {
public:
  const stream_habits& habits() const override { return private_habits; }
  void open() override {}
  std::string make_url(std::string_view configured, const stream_access*) const override {
    return std::string(configured) + "/v5/private";
  }
  int stages() const override { return 2; }

  result<std::vector<std::string>> make_frames(int stage, const credentials& keys, const stream_access*,
                                               const signing_context& context) override {
    if (stage == 1)
      return std::vector<std::string>{R"({"req_id":"s","op":"subscribe","args":["order","execution","wallet"]})"};
    const auto expires = std::to_string((context.server_now + login_window).ms());
    const auto signature = sign_text(keys.api_secret, "GET/realtime" + expires);
    return std::vector<std::string>{R"({"op":"auth","args":[)" + quote_json(keys.api_key.reveal()) + "," +
                                    quote_json(expires) + "," + quote_json(signature) + "]}"};
  }
  std::string make_ping(std::int64_t id) override {
    return json_object().text("req_id", std::to_string(id)).text("op", "ping").done();
  }

  result<void> read(std::string_view frame, const instrument_table& table, private_events& out) override {
    if (!source_.load(frame)) return std::unexpected(protocol_error("frame", "bytes"));
    json_fields f(source_.document().get_object());
    const std::string topic(f.optional_text("topic"));
    if (topic.empty()) {
      tell_answer(f, out);
    } else if (topic.starts_with("order")) {
      each_of_spot(f, [&](json_fields& x) {
        auto o = read_order(x, table);
        if (x.ok()) out.on_order({std::move(o), std::nullopt});
      });
    } else if (topic.starts_with("execution")) {
      each_of_spot(f, [&](json_fields& x) {
        if (x.optional_text("execType") != "Trade") return;
        auto one = read_fill(x, table);
        if (x.ok()) out.on_fill({std::move(one)});
      });
    } else if (topic.starts_with("wallet")) {
      f.each("data", [&](json_fields& x) {
        balance_event changed{read_coins(x)};
        if (x.ok() && !changed.balances.empty()) out.on_balances(std::move(changed));
      });
    }
    if (!f.ok()) return std::unexpected(protocol_error("frame", f.problem()));
    return {};
  }

private:
  /// The topics tell of derivatives as well.
  template <class Each>
  static void each_of_spot(json_fields& f, Each each) {
    f.each("data", [&](json_fields& x) {
      if (x.optional_text("category") == "spot") each(x);
    });
  }

  static void tell_answer(json_fields& f, private_events& out) {
    const std::string op(f.optional_text("op")), message(f.optional_text("ret_msg"));
    const auto success = f.optional_boolean("success").value_or(false);
    if (op == "pong" || message == "pong") return out.on_pong();
    if (op != "auth" && op != "subscribe") return;
    if (success) return out.on_stage_done();
    const bool late = message.find("expire") != message.npos || message.find("timestamp") != message.npos;
    const auto code = late           ? exchange_errc::clock_skew
                      : op == "auth" ? exchange_errc::bad_credentials
                                     : exchange_errc::refused;
    out.on_refused({code, describe_refusal(200, op, message)});
  }

  json_source source_;
};

}  // namespace

std::unique_ptr<private_wire> make_private_wire() {
  return std::make_unique<bybit_private_wire>();
}

}  // namespace drover::exchanges::bybit
