#include <set>

#include "exchanges/kucoin/names.hpp"
#include "exchanges/kucoin/parse_detail.hpp"
#include "exchanges/kucoin/stream_frames_detail.hpp"
#include "exchanges/kucoin/streams.hpp"

namespace drover::exchanges::kucoin {

namespace {

constexpr std::string_view orders_topic = "/spotMarket/tradeOrdersV2", balances_topic = "/account/balance";

order_status status_of(json_fields& f, std::string_view type, const order& o) {
  if (type == "filled") return order_status::filled;
  if (type == "canceled") return order_status::cancelled;
  if (type == "match" || type == "open" || type == "update" || type == "received")
    return o.filled_quantity.is_zero() ? order_status::open : order_status::partially_filled;
  f.note("type");
  return order_status::open;
}

order read_order_change(json_fields& f) {
  order o;
  o.symbol = to_symbol(f.text("symbol"));
  o.venue_order_id = f.text("orderId");
  o.client_order_id = f.optional_text("clientOid");
  o.side = read_side(f, "side");
  o.type = f.text("orderType") == "market" ? order_type::market : order_type::limit;
  o.price = f.optional_amount("price").value_or(decimal{});
  // An "update" makes an order smaller: what it was placed with is what counts as its size.
  const auto size = f.optional_amount("size").value_or(decimal{});
  o.quantity = f.optional_amount("originSize").value_or(size);
  o.filled_quantity = f.optional_amount("filledSize").value_or(decimal{});
  const auto type = std::string(f.text("type"));
  o.status = status_of(f, type, o);
  o.updated_at = read_time(f, "ts");
  return o;
}

class kucoin_private_wire final : public private_wire {
 public:
  const stream_habits& habits() const override { return get_stream_habits(); }
  void open() override { awaited_.clear(); }
  std::string make_url(std::string_view configured, const stream_access* access) const override {
    return access && !access->url.empty() ? access->url : std::string(configured);
  }
  int stages() const override { return 1; }
  result<std::vector<std::string>> make_frames(int, const credentials&, const stream_access*, const signing_context&) override {
    awaited_ = {1, 2};
    return std::vector<std::string>{make_subscription_frame(true, orders_topic, 1, true),
                                    make_subscription_frame(true, balances_topic, 2, true)};
  }
  std::string make_ping(std::int64_t id) override { return make_ping_frame(id); }
  result<void> read(std::string_view frame, const instrument_table&, private_events&) override;

 private:
  void read_message(json_fields&, private_events&);
  void read_ack(json_fields&, private_events&);

  json_source source_;
  std::set<std::int64_t> awaited_;
};

result<void> kucoin_private_wire::read(std::string_view frame, const instrument_table&, private_events& events) {
  if (!source_.load(frame)) return std::unexpected(protocol_error("private frame", "bytes"));
  json_fields f(source_.document().get_object());
  const auto type = std::string(f.text("type"));
  if (type == "message") read_message(f, events);
  if (type == "pong") events.on_pong();
  if (type == "ack") read_ack(f, events);
  if (type == "error") {
    auto refusal = read_frame_error(f);
    if (f.ok()) events.on_refused(std::move(refusal));
  }
  if (!f.ok()) return std::unexpected(protocol_error("private frame", f.problem()));
  return {};
}

void kucoin_private_wire::read_ack(json_fields& f, private_events& events) {
  const auto id = read_frame_id(f);
  if (!id || awaited_.erase(*id) == 0 || !awaited_.empty()) return;
  events.on_stage_done();
}

void kucoin_private_wire::read_message(json_fields& f, private_events& events) {
  const auto topic = std::string(f.text("topic"));
  if (topic != orders_topic && topic != balances_topic) return;
  auto data = f.optional_object("data");
  if (!data) return f.note("data");
  json_fields inner(*data);
  if (topic == orders_topic) {
    order_event event{read_order_change(inner), {}};
    if (inner.ok()) events.on_order(std::move(event));
  } else if (!inner.optional_text("relationEvent").starts_with("main.")) {
    // The funding account's changes are heard here too; orders do not spend from it.
    balance b;
    b.asset = inner.text("currency");
    b.free = inner.amount("available");
    b.locked = inner.amount("hold");
    if (inner.ok()) events.on_balances({{std::move(b)}});
  }
  f.take_problem(inner);
}

}  // namespace

std::unique_ptr<private_wire> make_private_wire() { return std::make_unique<kucoin_private_wire>(); }

}  // namespace drover::exchanges::kucoin
