#include <map>
#include <set>

#include "exchanges/kraken/errors.hpp"
#include "exchanges/kraken/names.hpp"
#include "exchanges/kraken/parse_detail.hpp"
#include "exchanges/kraken/streams.hpp"
#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges::kraken {

namespace {

/// Open orders whose state is kept; more than Kraken allows an account.
constexpr std::size_t order_limit = 10'000;
constexpr std::size_t asset_limit = 2'000;

order_status status_of(json_fields& f, std::string_view status) {
  if (status == "pending_new" || status == "new") return order_status::open;
  if (status == "partially_filled") return order_status::partially_filled;
  if (status == "filled") return order_status::filled;
  if (status == "canceled") return order_status::cancelled;
  if (status == "expired") return order_status::expired;
  f.note("order_status");
  return order_status::open;
}

std::string frame_of(std::string_view channel, std::string_view token, std::string_view snapshot, std::int64_t id) {
  json_object params;
  params.text("channel", channel).text("token", token).boolean(snapshot, true);
  return json_object().text("method", "subscribe").raw("params", params.done()).number("req_id", id).done();
}

class kraken_private_wire final : public private_wire {
 public:
  const stream_habits& habits() const override { return get_stream_habits(); }
  void open() override { *this = kraken_private_wire(); }
  int stages() const override { return 1; }
  result<std::vector<std::string>> make_frames(int, const credentials&, const stream_access* access, const signing_context&) override;
  std::string make_ping(std::int64_t id) override { return json_object().text("method", "ping").number("req_id", id).done(); }
  result<void> read(std::string_view frame, const instrument_table&, private_events&) override;

 private:
  void read_answer(json_fields&, private_events&);
  /// False after a gap: everything may have changed unheard.
  bool follow(json_fields&, std::string_view channel, private_events&);
  void read_execution(json_fields&, private_events&);
  void merge(json_fields&, order&);
  std::optional<fill> read_trade(json_fields&, const order&);
  void read_balance(json_fields&, std::vector<std::string>& changed);
  /// What can be spent of an asset: its total less what open orders hold.
  balance reckon(const std::string& asset) const;
  void tell_balances(const std::vector<std::string>& assets, private_events&);

  json_source source_;
  std::set<std::int64_t> awaited_;
  std::map<std::string, std::int64_t, std::less<>> sequences_;
  /// Later messages of an order name only what changed.
  std::map<std::string, order, std::less<>> orders_;
  std::map<std::string, decimal, std::less<>> totals_;
};

result<std::vector<std::string>> kraken_private_wire::make_frames(int, const credentials&, const stream_access* access,
                                                                  const signing_context&) {
  if (!access || access->token.empty()) return fail(exchange_errc::bad_credentials, "no stream token");
  awaited_ = {1, 2};
  const auto token = access->token.reveal();
  return std::vector<std::string>{frame_of("executions", token, "snap_orders", 1), frame_of("balances", token, "snapshot", 2)};
}

result<void> kraken_private_wire::read(std::string_view frame, const instrument_table&, private_events& events) {
  if (!source_.load(frame)) return std::unexpected(protocol_error("private frame", "bytes"));
  json_fields f(source_.document().get_object());
  const auto channel = std::string(f.optional_text("channel"));
  const auto method = std::string(f.optional_text("method"));
  if (method == "pong") events.on_pong();
  if (method == "subscribe") read_answer(f, events);
  if (channel == "executions" && follow(f, channel, events))
    f.each("data", [&](json_fields& d) { read_execution(d, events); });
  if (channel == "balances" && follow(f, channel, events)) {
    std::vector<std::string> changed;
    f.each("data", [&](json_fields& d) { read_balance(d, changed); });
    if (f.ok()) tell_balances(changed, events);
  }
  if (!f.ok()) return std::unexpected(protocol_error("private frame", f.problem()));
  return {};
}

void kraken_private_wire::read_answer(json_fields& f, private_events& events) {
  const auto id = f.optional_integer("req_id");
  if (!f.boolean("success")) {
    auto refusal = make_stream_refusal(std::string(f.optional_text("error")));
    if (f.ok()) events.on_refused(std::move(refusal));
    return;
  }
  if (f.ok() && id && awaited_.erase(*id) == 1 && awaited_.empty()) events.on_stage_done();
}

bool kraken_private_wire::follow(json_fields& f, std::string_view channel, private_events& events) {
  const auto sequence = f.optional_integer("sequence");
  if (!f.ok() || !sequence) return f.ok();
  auto [last, first] = sequences_.try_emplace(std::string(channel), *sequence);
  if (first) return true;
  if (*sequence - 1 != last->second) {
    events.on_broken("a message of " + std::string(channel) + " is missing");
    return false;
  }
  last->second = *sequence;
  return true;
}

void kraken_private_wire::merge(json_fields& f, order& o) {
  if (auto symbol = f.optional_text("symbol"); !symbol.empty()) o.symbol = symbol;
  if (auto id = f.optional_text("cl_ord_id"); !id.empty()) o.client_order_id = id;
  if (auto side_text = f.optional_text("side"); !side_text.empty()) o.side = side_of(f, side_text, "side");
  if (auto type = f.optional_text("order_type"); !type.empty()) o.type = type == "market" ? order_type::market : order_type::limit;
  if (o.type == order_type::limit && f.optional_boolean("post_only").value_or(false)) o.type = order_type::limit_maker;
  if (auto price = f.optional_amount("limit_price")) o.price = *price;
  if (auto quantity = f.optional_amount("order_qty")) o.quantity = *quantity;
  if (auto filled = f.optional_amount("cum_qty")) o.filled_quantity = *filled;
  if (auto notional = f.optional_amount("cum_cost")) o.filled_notional = *notional;
  if (auto status = std::string(f.optional_text("order_status")); !status.empty()) o.status = status_of(f, status);
  o.updated_at = read_timestamp(f, "timestamp");
}

std::optional<fill> kraken_private_wire::read_trade(json_fields& f, const order& o) {
  fill out;
  out.symbol = o.symbol;
  out.trade_id = f.text("exec_id");
  out.venue_order_id = o.venue_order_id;
  out.client_order_id = o.client_order_id;
  out.side = o.side;
  out.price = f.amount("last_price");
  out.quantity = f.amount("last_qty");
  out.maker = f.optional_text("liquidity_ind") == "m";
  out.at = o.updated_at;
  // Without its fee an execution is not told: the list of trades has it whole.
  bool known = false;
  if (auto fees = f.optional_array("fees"))
    json_fields::for_objects(*fees, f, [&](json_fields& fee) {
      const auto asset = to_asset(fee.text("asset"));
      if (known && asset != out.fee_asset) return;
      const auto quantity = fee.number("qty");
      out.fee = within_range(fee, "qty", [&] { return out.fee + quantity; });
      out.fee_asset = asset;
      known = true;
    });
  return known ? std::optional(std::move(out)) : std::nullopt;
}

void kraken_private_wire::read_execution(json_fields& f, private_events& events) {
  const auto id = std::string(f.text("order_id"));
  const auto kind = std::string(f.optional_text("exec_type"));
  auto known = orders_.find(id);
  order o = known == orders_.end() ? order{} : known->second;
  o.venue_order_id = id;
  merge(f, o);
  // The end of an order that was placed before we listened and is in no snapshot.
  if (!f.ok() || o.symbol.empty()) return;
  order_event event{o, {}};
  if (kind == "trade") event.fill = read_trade(f, o);
  if (!f.ok()) return;
  if (is_terminal(o.status)) {
    orders_.erase(id);
  } else if (known != orders_.end() || orders_.size() < order_limit) {
    orders_.insert_or_assign(id, o);
  }
  const auto slash = o.symbol.find('/');
  events.on_order(std::move(event));
  if (slash != std::string::npos) tell_balances({o.symbol.substr(0, slash), o.symbol.substr(slash + 1)}, events);
}

void kraken_private_wire::read_balance(json_fields& f, std::vector<std::string>& changed) {
  const auto asset = to_asset(f.text("asset"));
  const auto total = f.amount("balance");
  // Staked and otherwise bound funds have wallets of their own.
  const auto wallet = f.optional_text("wallet_type");
  if (!f.ok() || (!wallet.empty() && wallet != "spot") || totals_.size() >= asset_limit) return;
  totals_.insert_or_assign(asset, total);
  changed.push_back(asset);
}

balance kraken_private_wire::reckon(const std::string& asset) const {
  balance b{asset, totals_.find(asset)->second, {}};
  try {
    for (const auto& [id, o] : orders_) {
      const auto left = o.quantity - o.filled_quantity;
      const auto slash = o.symbol.find('/');
      if (slash == std::string::npos || !left.is_positive()) continue;
      if (o.side == side::sell && o.symbol.compare(0, slash, asset) == 0) b.locked += left;
      if (o.side == side::buy && o.symbol.compare(slash + 1, std::string::npos, asset) == 0) b.locked += left * o.price;
    }
    b.locked = std::min(b.locked, b.free);
    b.free -= b.locked;
  } catch (const decimal_overflow&) {
    // Absurd orders of a stranger: the total is all that is known.
    b = {asset, totals_.find(asset)->second, {}};
  }
  return b;
}

void kraken_private_wire::tell_balances(const std::vector<std::string>& assets, private_events& events) {
  balance_event event;
  for (const auto& asset : assets)
    if (totals_.contains(asset)) event.balances.push_back(reckon(asset));
  if (!event.balances.empty()) events.on_balances(std::move(event));
}

}  // namespace

std::unique_ptr<private_wire> make_private_wire() { return std::make_unique<kraken_private_wire>(); }

}  // namespace drover::exchanges::kraken
