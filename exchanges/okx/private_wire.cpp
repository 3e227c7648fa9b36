#include <array>

#include "exchanges/okx/wire.hpp"
#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges::okx {

namespace {

constexpr stream_habits private_habits{.topics_per_connection = 2,
                                       .topics_per_message = 2,
                                       .message_interval = 350ms,
                                       .ping_interval = 20s,
                                       .idle_limit = 30s,
                                       .life_limit = 23h,
                                       .answer_limit = 10s};
constexpr std::array<std::string_view, 2> channels{"orders", "account"};

class okx_private_wire final : public private_wire {
public:
  const stream_habits& habits() const override { return private_habits; }
  void open() override { confirmed_.fill(false); }
  std::string make_url(std::string_view configured, const stream_access*) const override {
    return std::string(configured) + "/ws/v5/private";
  }
  int stages() const override { return 2; }

  result<std::vector<std::string>> make_frames(int stage, const credentials& keys, const stream_access*,
                                               const signing_context& context) override {
    if (stage == 1)
      return std::vector<std::string>{
          R"({"op":"subscribe","args":[{"channel":"orders","instType":"SPOT"},{"channel":"account"}]})"};
    const auto timestamp = std::to_string(std::chrono::duration_cast<seconds>(context.server_now.since_epoch).count());
    const auto login = json_object()
                           .text("apiKey", keys.api_key.reveal())
                           .text("passphrase", keys.passphrase.reveal())
                           .text("timestamp", timestamp)
                           .text("sign", sign_text(keys.api_secret, timestamp + "GET/users/self/verify"))
                           .done();
    return std::vector<std::string>{R"({"op":"login","args":[)" + login + "]}"};
  }
  std::string make_ping(std::int64_t) override { return "ping"; }

  result<void> read(std::string_view frame, const instrument_table&, private_events& out) override {
    if (frame == "pong") return out.on_pong(), result<void>{};
    if (!source_.load(frame)) return std::unexpected(protocol_error("frame", "bytes"));
    json_fields f(source_.document().get_object());
    const std::string event(f.optional_text("event"));
    std::string channel;
    if (auto arg = f.optional_object("arg")) {
      json_fields inner(*arg);
      channel = inner.optional_text("channel");
      f.take_problem(inner);
    }
    if (event == "login" || event == "error") {
      const std::string code(f.optional_text("code"));
      if (code == "0")
        out.on_stage_done();
      else
        out.on_refused(make_okx_error(operation::balances, 200, code, f.optional_text("msg")));
    } else if (event == "notice") {
      out.on_broken("the exchange is going to close the connection");
    } else if (event == "subscribe") {
      confirm(channel, out);
    } else if (event.empty() && channel == "orders") {
      f.each("data", [&](json_fields& d) {
        auto o = read_order(d);
        auto execution = d.ok() ? read_order_fill(d) : std::nullopt;
        if (d.ok()) out.on_order({std::move(o), std::move(execution)});
      });
    } else if (event.empty() && channel == "account") {
      f.each("data", [&](json_fields& d) {
        balance_event changed{read_details(d)};
        if (d.ok() && !changed.balances.empty()) out.on_balances(std::move(changed));
      });
    }
    if (!f.ok()) return std::unexpected(protocol_error("frame", f.problem()));
    return {};
  }

private:
  void confirm(std::string_view channel, private_events& out) {
    for (std::size_t i = 0; i < channels.size(); ++i) {
      if (channels[i] != channel || confirmed_[i]) continue;
      confirmed_[i] = true;
      if (confirmed_[0] && confirmed_[1]) out.on_stage_done();
    }
  }

  json_source source_;
  std::array<bool, channels.size()> confirmed_{};
};

}  // namespace

std::unique_ptr<private_wire> make_private_wire() {
  return std::make_unique<okx_private_wire>();
}

}  // namespace drover::exchanges::okx
