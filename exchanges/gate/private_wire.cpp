#include <algorithm>
#include <array>

#include "exchanges/gate/errors.hpp"
#include "exchanges/gate/parse_detail.hpp"
#include "exchanges/gate/signing.hpp"
#include "exchanges/gate/wires.hpp"
#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges::gate {

namespace {

constexpr stream_habits private_habits{.topics_per_connection = 3, .topics_per_message = 1, .message_interval = 20ms,
                                       .ping_interval = nanoseconds(10s), .idle_limit = 30s, .life_limit = 23h, .answer_limit = 10s};

struct subscription {
  std::string_view channel, payload;
};
constexpr std::array subscriptions{subscription{"spot.orders", R"(["!all"])"}, subscription{"spot.usertrades", R"(["!all"])"},
                                   subscription{"spot.balances", {}}};

class gate_private_wire final : public private_wire {
 public:
  const stream_habits& habits() const override { return private_habits; }
  void open() override { confirmed_.fill(false); }
  /// The venue wants the slash.
  std::string make_url(std::string_view configured, const stream_access*) const override { return std::string(configured) + "/"; }
  int stages() const override { return 1; }

  result<std::vector<std::string>> make_frames(int, const credentials& keys, const stream_access*, const signing_context& context) override {
    const auto now_s = std::chrono::duration_cast<seconds>(context.server_now.since_epoch).count();
    std::vector<std::string> out;
    for (std::size_t i = 0; i < subscriptions.size(); ++i) {
      const auto& s = subscriptions[i];
      json_object frame;
      frame.number("id", static_cast<std::int64_t>(i + 1)).number("time", now_s).text("channel", s.channel).text("event", "subscribe");
      frame.raw("auth", make_channel_auth(s.channel, "subscribe", now_s, keys));
      if (!s.payload.empty()) frame.raw("payload", s.payload);
      out.push_back(frame.done());
    }
    return out;
  }

  std::string make_ping(std::int64_t) override { return make_ping_frame(); }

  result<void> read(std::string_view frame, const instrument_table&, private_events& out) override {
    if (!source_.load(frame)) return std::unexpected(protocol_error("frame", "bytes"));
    json_fields f(source_.document().get_object());
    try {
      tell(f, out);
    } catch (const decimal_overflow&) {
      f.note("numbers");
    }
    if (!f.ok()) return std::unexpected(protocol_error("frame", f.problem()));
    return {};
  }

 private:
  void tell(json_fields& f, private_events& out) {
    const auto channel = f.optional_text("channel");
    const auto event = f.optional_text("event");
    if (channel == "spot.pong") return out.on_pong();
    if (event == "subscribe") return tell_answer(channel, f, out);
    if (event != "update") return;
    if (channel == "spot.orders") {
      f.each("result", [&](json_fields& r) {
        auto o = read_order(r);
        if (r.ok()) out.on_order({std::move(o), std::nullopt});
      });
    } else if (channel == "spot.usertrades") {
      f.each("result", [&](json_fields& r) {
        auto x = read_fill(r);
        if (r.ok()) out.on_fill({std::move(x)});
      });
    } else if (channel == "spot.balances") {
      tell_balances(f, out);
    }
  }

  static void tell_balances(json_fields& f, private_events& out) {
    balance_event changed;
    f.each("result", [&](json_fields& r) {
      balance b;
      b.asset = r.text("currency");
      b.free = r.amount("available");
      const auto frozen = r.optional_amount("freeze");
      b.locked = frozen ? *frozen : r.amount("total") - b.free;
      if (b.locked.is_negative()) r.note("total");
      changed.balances.push_back(std::move(b));
    });
    if (f.ok() && !changed.balances.empty()) out.on_balances(std::move(changed));
  }

  void tell_answer(std::string_view channel, json_fields& f, private_events& out) {
    if (auto object = f.optional_object("error")) {
      json_fields e(*object);
      const auto code = e.integer("code");
      auto refusal = read_stream_refusal(code, e.optional_text("message"));
      f.take_problem(e);
      if (f.ok()) out.on_refused(std::move(refusal));
      return;
    }
    for (std::size_t i = 0; i < subscriptions.size(); ++i) {
      if (subscriptions[i].channel != channel || confirmed_[i]) continue;
      confirmed_[i] = true;
      if (std::ranges::all_of(confirmed_, [](bool is) { return is; })) out.on_stage_done();
    }
  }

  json_source source_;
  std::array<bool, subscriptions.size()> confirmed_{};
};

}  // namespace

std::unique_ptr<private_wire> make_private_wire() { return std::make_unique<gate_private_wire>(); }

}  // namespace drover::exchanges::gate
