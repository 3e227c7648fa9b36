#include <unordered_map>

#include "exchanges/coinbase/names.hpp"
#include "exchanges/coinbase/wires.hpp"
#include "exchanges/protocol/answers.hpp"
#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges::coinbase {

namespace {

constexpr stream_habits feed_habits{.topics_per_connection = 1,
                                    .topics_per_message = 1,
                                    .message_interval = 100ms,
                                    .ping_interval = std::nullopt,
                                    .idle_limit = 90s,
                                    .life_limit = 12h,
                                    .answer_limit = 10s};

/// Orders of one connection that are remembered for their client ids; older ones are told without it.
constexpr std::size_t remembered_limit = 20'000;

/// Tells orders step by step: received, open, match, done. The whole of an order is never in one message, so an event
/// whose order was not seen from its beginning is told as incomplete. Executions carry no exact fee: they raise the
/// order's filled quantity, and the fill itself is read over REST.
class exchange_private_wire final : public private_wire {
public:
  const stream_habits& habits() const override { return feed_habits; }

  void open() override {
    orders_.clear();
    answered_ = false;
  }

  int stages() const override { return 1; }

  result<std::vector<std::string>> make_frames(int, const credentials& keys, const stream_access*,
                                               const signing_context& context) override {
    const auto now_s = std::chrono::duration_cast<seconds>(context.server_now.since_epoch).count();
    auto signature = sign_exchange_text(keys.api_secret, std::to_string(now_s) + "GET/users/self/verify");
    if (!signature) return std::unexpected(signature.error());
    return std::vector<std::string>{json_object()
                                        .text("type", "subscribe")
                                        .raw("channels", R"(["user"])")
                                        .number("timestamp", now_s)
                                        .text("key", keys.api_key.reveal())
                                        .text("signature", *signature)
                                        .text("passphrase", keys.passphrase.reveal())
                                        .done()};
  }

  result<void> read(std::string_view frame, const instrument_table&, private_events& out) override {
    if (!source_.load(frame)) return std::unexpected(protocol_error("frame", "bytes"));
    json_fields f(source_.document().get_object());
    const std::string type(f.text("type"));
    if (type == "error") {
      const auto words = describe_refusal(401, f.optional_text("message"), f.optional_text("reason"));
      out.on_refused({exchange_errc::bad_credentials, words});
    } else if (type == "subscriptions" && !answered_) {
      answered_ = true;
      out.on_stage_done();
    } else if (type == "received") {
      tell_received(f, out);
    } else if (type == "match") {
      tell_match(f, out);
    } else if (type == "done") {
      tell_done(f, out);
    }
    if (!f.ok()) return std::unexpected(protocol_error("frame", f.problem()));
    return {};
  }

private:
  static side read_side(json_fields& f) {
    const auto word = f.text("side");
    if (word != "buy" && word != "sell") f.note("side");
    return word == "sell" ? side::sell : side::buy;
  }

  void tell_received(json_fields& f, private_events& out) {
    order o;
    o.venue_order_id = f.text("order_id");
    o.client_order_id = to_canonical_client_id(f.optional_text("client_oid"));
    o.symbol = to_symbol(f.text("product_id"));
    o.side = read_side(f);
    o.type = f.optional_text("order_type") == "market" ? order_type::market : order_type::limit;
    o.price = f.optional_amount("price").value_or(decimal{});
    o.quantity = f.optional_amount("size").value_or(decimal{});
    o.updated_at = read_time(f, "time");
    if (!f.ok()) return;
    if (orders_.size() >= remembered_limit) orders_.clear();
    orders_[o.venue_order_id] = o;
    out.on_order({std::move(o), std::nullopt});
  }

  void tell_match(json_fields& f, private_events& out) {
    const std::string maker(f.text("maker_order_id")), taker(f.text("taker_order_id")),
        symbol = to_symbol(f.text("product_id"));
    const auto price = f.amount("price"), quantity = f.amount("size");
    const auto at = read_time(f, "time");
    // Whose order it is: the message of an account carries the user of that side only.
    const bool taker_is_ours = !f.optional_text("taker_user_id").empty();
    if (!f.ok()) return;
    auto found = orders_.find(taker_is_ours ? taker : maker);
    if (found == orders_.end()) {
      order o;
      o.venue_order_id = taker_is_ours ? taker : maker;
      o.symbol = symbol;
      o.updated_at = at;
      o.complete = false;
      return out.on_order({std::move(o), std::nullopt});
    }
    auto& o = found->second;
    o.filled_quantity = add_within_range(f, o.filled_quantity, quantity);
    o.filled_notional = add_within_range(f, o.filled_notional, multiply_within_range(f, price, quantity));
    o.status = order_status::partially_filled;
    o.updated_at = at;
    if (f.ok()) out.on_order({o, std::nullopt});
  }

  void tell_done(json_fields& f, private_events& out) {
    const std::string id(f.text("order_id")), reason(f.optional_text("reason"));
    order o;
    o.venue_order_id = id;
    o.symbol = to_symbol(f.text("product_id"));
    o.side = read_side(f);
    o.complete = false;
    if (auto found = orders_.find(id); found != orders_.end()) {
      o = std::move(found->second);
      orders_.erase(found);
    }
    o.status = reason == "filled" ? order_status::filled : order_status::cancelled;
    o.updated_at = read_time(f, "time");
    if (f.ok()) out.on_order({std::move(o), std::nullopt});
  }

  json_source source_;
  /// By the venue's id.
  std::unordered_map<std::string, order> orders_;
  bool answered_ = false;
};

}  // namespace

std::unique_ptr<private_wire> make_exchange_private_wire() {
  return std::make_unique<exchange_private_wire>();
}

}  // namespace drover::exchanges::coinbase
