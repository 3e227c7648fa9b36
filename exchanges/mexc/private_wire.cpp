#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "exchanges/mexc/stream_answer_detail.hpp"
#include "exchanges/mexc/wires.hpp"
#include "exchanges/protocol/answers.hpp"
#include "mexc_messages/push.pb.h"

namespace drover::exchanges::mexc {

namespace {

constexpr stream_habits private_habits{.topics_per_connection = 3, .topics_per_message = 3, .message_interval = 100ms,
                                       .ping_interval = nanoseconds(15s), .idle_limit = 40s, .life_limit = 23h, .answer_limit = 10s};

const std::array<std::string, 3> channels{"spot@private.orders.v3.api.pb", "spot@private.deals.v3.api.pb", "spot@private.account.v3.api.pb"};

std::optional<order_status> status_of(int code) {
  switch (code) {
    case 1: return order_status::open;
    case 2: return order_status::filled;
    case 3: return order_status::partially_filled;
    case 4:
    case 5: return order_status::cancelled;
    default: return std::nullopt;
  }
}

order_type type_of(int code) {
  if (code == 5) return order_type::market;
  return code == 2 ? order_type::limit_maker : order_type::limit;
}

bool is_side(int code) { return code == 1 || code == 2; }
side side_of(int code) { return code == 2 ? side::sell : side::buy; }
bool is_believable_ms(std::int64_t ms) { return ms >= 0 && ms < 9'000'000'000'000; }

bool tell_order(const std::string& symbol, const mexc_push::Push& push, private_events& out) {
  const auto& p = push.private_orders();
  const auto status = status_of(p.status());
  // The order tells when it was made, the frame when it changed.
  const auto at = push.create_time() > 0 ? push.create_time() : p.create_time();
  bool ok = status && is_side(p.trade_type()) && !p.id().empty() && !symbol.empty() && are_texts({p.id(), p.client_id()}) && is_believable_ms(at);
  order o;
  o.symbol = symbol;
  o.venue_order_id = p.id();
  o.client_order_id = p.client_id();
  o.side = side_of(p.trade_type());
  o.type = type_of(p.order_type());
  o.price = read_amount(p.price(), ok);
  o.quantity = read_amount(p.quantity(), ok);
  o.filled_quantity = read_amount(p.cumulative_quantity(), ok);
  o.filled_notional = read_amount(p.cumulative_amount(), ok);
  if (!ok) return false;
  // A market buy by quote amount has no quantity.
  if (o.type == order_type::market && o.quantity < o.filled_quantity) o.quantity = o.filled_quantity;
  o.status = *status;
  o.updated_at = wall_time::from_ms(at);
  out.on_order({std::move(o), std::nullopt});
  return true;
}

bool tell_fill(const std::string& symbol, const mexc_push::PrivateDeal& d, private_events& out) {
  const auto fee = d.fee_amount().empty() ? result<decimal>(decimal{}) : decimal::parse(d.fee_amount());
  bool ok = fee && is_side(d.trade_type()) && !d.trade_id().empty() && !d.order_id().empty() && !symbol.empty() && is_believable_ms(d.time()) &&
            are_texts({d.trade_id(), d.order_id(), d.client_order_id(), d.fee_currency()});
  fill x;
  x.symbol = symbol;
  x.trade_id = d.trade_id();
  x.venue_order_id = d.order_id();
  x.client_order_id = d.client_order_id();
  x.side = side_of(d.trade_type());
  x.price = read_amount(d.price(), ok), x.quantity = read_amount(d.quantity(), ok);
  if (!ok) return false;
  x.fee = *fee;
  x.fee_asset = d.fee_currency();
  x.maker = d.is_maker();
  x.at = wall_time::from_ms(d.time());
  out.on_fill({std::move(x)});
  return true;
}

bool tell_balance(const mexc_push::PrivateAccount& a, private_events& out) {
  bool ok = !a.asset().empty() && are_texts({a.asset()});
  balance b{a.asset(), read_amount(a.balance_amount(), ok), read_amount(a.frozen_amount(), ok)};
  if (ok) out.on_balances({{std::move(b)}});
  return ok;
}

class mexc_private_wire final : public private_wire {
 public:
  const stream_habits& habits() const override { return private_habits; }
  void open() override { confirmed_.fill(false); }

  std::string make_url(std::string_view configured, const stream_access* access) const override {
    std::string out(configured);
    if (access) out += "?listenKey=" + percent_encode(access->token.reveal());
    return out;
  }

  int stages() const override { return 1; }

  result<std::vector<std::string>> make_frames(int, const credentials&, const stream_access*, const signing_context&) override {
    return std::vector<std::string>{make_subscription_frame(true, {channels.begin(), channels.end()})};
  }

  std::string make_ping(std::int64_t) override { return make_ping_frame(); }

  result<void> read(std::string_view frame, const instrument_table& table, private_events& out) override {
    if (is_json(frame)) return read_json(frame, out);
    if (!push_.ParseFromArray(frame.data(), static_cast<int>(std::min<std::size_t>(frame.size(), frame_limit))))
      return std::unexpected(protocol_error("frame", "bytes"));
    if (!are_texts({push_.channel(), push_.symbol()})) return std::unexpected(protocol_error("frame", "names"));
    if (!tell(table.to_canonical(push_.symbol()), out)) return std::unexpected(protocol_error("frame", push_.channel().substr(0, venue_words_limit)));
    return {};
  }

 private:
  static constexpr std::size_t frame_limit = 8 * 1024 * 1024;

  result<void> read_json(std::string_view frame, private_events& out) {
    auto said = read_stream_answer(source_, frame);
    if (!said) return std::unexpected(said.error());
    if (said->pong) return out.on_pong(), result<void>();
    if (!said->refusal.empty()) {
      out.on_refused({exchange_errc::refused, describe_refusal(200, "refused", said->refusal)});
      return {};
    }
    const bool was_open = is_open();
    for (const auto& channel : said->channels)
      for (std::size_t i = 0; i < channels.size(); ++i) confirmed_[i] = confirmed_[i] || channels[i] == channel;
    if (!was_open && is_open()) out.on_stage_done();
    return {};
  }

  bool tell(const std::string& symbol, private_events& out) {
    switch (push_.body_case()) {
      case mexc_push::Push::kPrivateOrders: return tell_order(symbol, push_, out);
      case mexc_push::Push::kPrivateDeals: return tell_fill(symbol, push_.private_deals(), out);
      case mexc_push::Push::kPrivateAccount: return tell_balance(push_.private_account(), out);
      default: return !push_.channel().empty();
    }
  }

  bool is_open() const { return std::ranges::all_of(confirmed_, [](bool is) { return is; }); }

  json_source source_;
  std::array<bool, 3> confirmed_{};
  /// Kept for its memory.
  mexc_push::Push push_;
};

}  // namespace

std::unique_ptr<private_wire> make_private_wire() { return std::make_unique<mexc_private_wire>(); }

}  // namespace drover::exchanges::mexc
