#include <utility>

#include "exchanges/coinbase/advanced_jwt.hpp"
#include "exchanges/coinbase/advanced_parse.hpp"
#include "exchanges/coinbase/wires.hpp"
#include "exchanges/protocol/answers.hpp"
#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges::coinbase {

namespace {

constexpr stream_habits private_habits{.topics_per_connection = 1,
                                       .topics_per_message = 1,
                                       .message_interval = 150ms,
                                       .ping_interval = std::nullopt,
                                       .idle_limit = 10s,
                                       .life_limit = 12h,
                                       .answer_limit = 10s};

/// "Limit", "Market" as the user channel says; a post-only order is a limit order there.
order_type read_kind(std::string_view word) {
  return word == "Market" || word == "MARKET" ? order_type::market : order_type::limit;
}

order read_user_order(json_fields& f) {
  order o;
  o.venue_order_id = f.text("order_id");
  o.client_order_id = to_canonical_client_id(f.optional_text("client_order_id"));
  o.symbol = to_symbol(f.text("product_id"));
  const auto word = f.text("order_side");
  if (word != "BUY" && word != "SELL") f.note("order_side");
  o.side = word == "SELL" ? side::sell : side::buy;
  o.type = read_kind(f.optional_text("order_type"));
  const auto status = advanced::parse_status(f.text("status"));
  if (!status) f.note("status");
  o.status = status.value_or(order_status::open);
  o.filled_quantity = f.optional_amount("cumulative_quantity").value_or(decimal{});
  o.quantity = add_within_range(f, o.filled_quantity, f.optional_amount("leaves_quantity").value_or(decimal{}));
  o.price = f.optional_amount("limit_price").value_or(decimal{});
  o.filled_notional = f.optional_amount("filled_value").value_or(decimal{});
  if (o.status == order_status::open && !o.filled_quantity.is_zero()) o.status = order_status::partially_filled;
  o.updated_at = read_time(f, "creation_time");
  return o;
}

class advanced_private_wire final : public private_wire {
public:
  const stream_habits& habits() const override { return private_habits; }

  void open() override {
    next_sequence_.reset();
    answered_ = false;
  }

  int stages() const override { return 1; }

  result<std::vector<std::string>> make_frames(int, const credentials& keys, const stream_access*,
                                               const signing_context& context) override {
    auto jwt = make_jwt(keys, {}, context);
    if (!jwt) return std::unexpected(jwt.error());
    const auto token = quote_json(*jwt);
    return std::vector<std::string>{R"({"type":"subscribe","channel":"user","jwt":)" + token + "}",
                                    R"({"type":"subscribe","channel":"heartbeats"})"};
  }

  result<void> read(std::string_view frame, const instrument_table&, private_events& out) override {
    if (!source_.load(frame)) return std::unexpected(protocol_error("frame", "bytes"));
    json_fields f(source_.document().get_object());
    if (f.optional_text("type") == "error") {
      const auto words = describe_refusal(401, "error", f.optional_text("message"));
      out.on_refused({exchange_errc::bad_credentials, words});
      return {};
    }
    const auto sequence = f.optional_integer("sequence_num");
    if (sequence && next_sequence_ && *sequence != *next_sequence_) {
      out.on_broken("a message of the connection is missing");
      return {};
    }
    if (sequence) next_sequence_ = *sequence + 1;
    const std::string channel(f.optional_text("channel"));
    if (channel == "user") {
      f.each("events", [&](json_fields& event) {
        auto orders = event.optional_array("orders");
        if (!orders) return;
        json_fields::for_objects(*orders, event, [&](json_fields& x) {
          auto o = read_user_order(x);
          if (x.ok()) out.on_order({std::move(o), std::nullopt});
        });
      });
      // The snapshot may come before the answer; either proves that the channel is open.
      if (f.ok()) finish(out);
    }
    if (channel == "subscriptions" && names_user(f)) finish(out);
    if (!f.ok()) return std::unexpected(protocol_error("frame", f.problem()));
    return {};
  }

private:
  void finish(private_events& out) {
    if (std::exchange(answered_, true)) return;
    out.on_stage_done();
  }

  static bool names_user(json_fields& f) {
    bool found = false;
    f.each("events", [&](json_fields& event) {
      auto object = event.optional_object("subscriptions");
      if (!object) return;
      json_fields channels(*object);
      found = found || channels.optional_array("user").has_value();
      event.take_problem(channels);
    });
    return found;
  }

  json_source source_;
  std::optional<std::int64_t> next_sequence_;
  bool answered_ = false;
};

}  // namespace

std::unique_ptr<private_wire> make_advanced_private_wire() {
  return std::make_unique<advanced_private_wire>();
}

}  // namespace drover::exchanges::coinbase
