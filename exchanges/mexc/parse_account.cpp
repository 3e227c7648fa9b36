#include <algorithm>
#include <array>
#include <memory>
#include <tuple>

#include "exchanges/mexc/errors.hpp"
#include "exchanges/mexc/parse.hpp"
#include "exchanges/mexc/parse_detail.hpp"
#include "exchanges/mexc/requests.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::mexc {

namespace {

json_source& source() {
  thread_local json_source kept;
  return kept;
}

std::unexpected<error> unreadable(const venue_call& call, std::string_view what) {
  return std::unexpected(make_unreadable(call.op, what));
}

struct status_name {
  std::string_view word;
  order_status status;
};
constexpr std::array statuses{
    status_name{"NEW", order_status::open},
    status_name{"PARTIALLY_FILLED", order_status::partially_filled},
    status_name{"FILLED", order_status::filled},
    status_name{"CANCELED", order_status::cancelled},
    status_name{"PARTIALLY_CANCELED", order_status::cancelled},
    status_name{"REJECTED", order_status::rejected},
    status_name{"EXPIRED", order_status::expired},
};

std::optional<order_status> parse_status(std::string_view word) {
  for (const auto& s : statuses)
    if (s.word == word) return s.status;
  return std::nullopt;
}

order_type read_type(json_fields& f) {
  const auto word = f.optional_text("type");
  if (word == "MARKET") return order_type::market;
  return word == "LIMIT_MAKER" ? order_type::limit_maker : order_type::limit;
}

side read_side(json_fields& f) {
  const auto word = f.text("side");
  if (word != "BUY" && word != "SELL") f.note("side");
  return word == "SELL" ? side::sell : side::buy;
}

/// What a query, a cancellation or a list says of an order.
order read_order(const std::string& symbol, json_fields& f) {
  order o;
  o.symbol = symbol;
  o.venue_order_id = f.id("orderId");
  // A cancellation names itself, too.
  auto client_id = f.optional_text("origClientOrderId");
  o.client_order_id = client_id.empty() ? f.optional_text("clientOrderId") : client_id;
  o.side = read_side(f);
  o.type = read_type(f);
  o.price = f.optional_amount("price").value_or(decimal{});
  o.quantity = f.optional_amount("origQty").value_or(decimal{});
  const auto filled = f.optional_amount("executedQty");
  o.filled_quantity = filled.value_or(decimal{});
  o.filled_notional = f.optional_amount("cummulativeQuoteQty").value_or(decimal{});
  // A market buy by quote amount has no quantity.
  if (o.type == order_type::market && o.quantity < o.filled_quantity) o.quantity = o.filled_quantity;
  const auto word = f.optional_text("status");
  const auto status = parse_status(word);
  if (!word.empty() && !status) f.note("status");
  o.complete = status && filled;
  o.status = status.value_or(order_status::open);
  o.updated_at = read_ms(f, "updateTime");
  if (o.updated_at == wall_time{}) o.updated_at = read_ms(f, "time");
  if (o.updated_at == wall_time{}) o.updated_at = read_ms(f, "transactTime");
  return o;
}

/// The answer to a placement names the order and no more.
result<venue_reply> read_created(const venue_call& call, json_fields& f) {
  order o;
  const auto& r = call.order;
  o.symbol = r.symbol;
  o.venue_order_id = f.id("orderId");
  o.client_order_id = r.client_order_id;
  o.side = r.side, o.type = r.type, o.price = r.price, o.quantity = r.quantity;
  o.updated_at = read_ms(f, "transactTime");
  o.complete = false;
  if (!f.ok() || o.venue_order_id.empty()) return unreadable(call, f.ok() ? "orderId" : f.problem());
  return venue_reply{std::move(o), {}};
}

result<venue_reply> read_one_order(const venue_call& call, json_fields& f) {
  auto o = read_order(call.of.symbol, f);
  if (!f.ok()) return unreadable(call, f.problem());
  if (call.op == operation::cancel_order && !o.complete) o.status = order_status::cancelled;
  if (call.op == operation::find_order && !o.complete) return unreadable(call, "status");
  return venue_reply{std::move(o), {}};
}

result<venue_reply> read_orders(const venue_call& call) {
  std::vector<order> out;
  std::string problem;
  if (!for_each_object(source(), problem, [&](json_fields& f) { out.push_back(read_order(call.symbol, f)); })) return unreadable(call, problem);
  if (call.op == operation::cancel_all_orders) return venue_reply{nothing{}, {}};
  return venue_reply{std::move(out), {}};
}

fill read_fill(const std::string& symbol, json_fields& f) {
  fill x;
  x.symbol = symbol;
  x.trade_id = f.id("id");
  x.venue_order_id = f.id("orderId");
  x.client_order_id = f.optional_text("clientOrderId");
  x.side = f.boolean("isBuyer") ? side::buy : side::sell;
  x.price = f.amount("price");
  x.quantity = f.amount("qty");
  x.fee = f.number("commission");
  x.fee_asset = f.optional_text("commissionAsset");
  x.maker = f.boolean("isMaker");
  x.at = read_ms(f, "time");
  return x;
}

/// Pages come newest first; each ends at the oldest time of the one before, so that fills of one millisecond come twice, not never.
result<venue_reply> read_fills(const venue_call& call) {
  std::vector<fill> all;
  if (call.earlier)
    if (const auto* before = std::get_if<std::vector<fill>>(call.earlier.get())) all = *before;
  std::size_t rows = 0;
  std::optional<wall_time> oldest;
  std::string problem;
  const bool done = for_each_object(source(), problem, [&](json_fields& f) {
    ++rows;
    auto x = read_fill(call.symbol, f);
    if (!oldest || x.at < *oldest) oldest = x.at;
    if (x.trade_id != call.after && (!call.since || x.at >= *call.since)) all.push_back(std::move(x));
  });
  if (!done) return unreadable(call, problem);
  if (rows >= fills_per_page) {
    const auto end = std::to_string(oldest->ms());
    if (end == call.cursor || call.step + 1 >= most_steps) return fail(exchange_errc::protocol, "more fills than can be listed");
    auto next = call;
    ++next.step;
    next.cursor = end;
    next.earlier = std::make_shared<const venue_answer>(std::move(all));
    return venue_reply{nothing{}, std::move(next)};
  }
  const auto key = [](const fill& x) { return std::tuple(x.at, x.trade_id.size(), std::string_view(x.trade_id)); };
  std::ranges::sort(all, {}, key);
  const auto twice = std::ranges::unique(all, {}, &fill::trade_id);
  all.erase(twice.begin(), twice.end());
  return venue_reply{std::move(all), {}};
}

result<venue_reply> read_account(const venue_call& call, json_fields& f) {
  std::vector<balance> out;
  f.each("balances", [&](json_fields& b) {
    balance entry;
    entry.asset = b.text("asset");
    entry.free = b.amount("free");
    entry.locked = b.amount("locked");
    out.push_back(std::move(entry));
  });
  if (!f.ok()) return unreadable(call, f.problem());
  if (call.op == operation::balances) return venue_reply{std::move(out), {}};
  // The flags of this answer are the account's; the venue tells nobody what a key may do.
  permissions own;
  own.read = tristate::yes;
  return venue_reply{own, {}};
}

/// www.mexc.com, "User data streams": a listen key lives for 60 minutes and should be prolonged every 30.
constexpr nanoseconds listen_key_renewal = 30min;

result<venue_reply> read_listen_key(const venue_call& call, json_fields& f) {
  auto access = std::make_shared<stream_access>();
  const auto key = f.text("listenKey");
  if (!f.ok() || key.empty()) return unreadable(call, "listenKey");
  access->token = secret(key);
  access->valid_for = listen_key_renewal;
  return venue_reply{std::shared_ptr<const stream_access>(std::move(access)), {}};
}

/// {"code":…} inside HTTP 200.
std::optional<error> find_refusal(const venue_call& call, json_fields& f) {
  const auto code = f.optional_integer("code").value_or(0);
  if (!f.ok() || code == 0 || code == 200) return std::nullopt;
  return make_coded_refusal(call.op, 200, code, f.optional_text("msg"));
}

}  // namespace

result<venue_reply> read_account_answer(const venue_call& call, const client_response& answer) {
  if (!source().load(answer.body)) return unreadable(call, "bytes");
  sj::json_type type;
  if (source().document().type().get(type)) return unreadable(call, "bytes");
  if (type == sj::json_type::array) {
    if (call.op == operation::open_orders || call.op == operation::cancel_all_orders) return read_orders(call);
    return call.op == operation::fills ? read_fills(call) : unreadable(call, "shape");
  }
  json_fields f(source().document().get_object());
  if (auto refusal = find_refusal(call, f)) return std::unexpected(std::move(*refusal));
  switch (call.op) {
    case operation::permissions:
    case operation::balances: return read_account(call, f);
    case operation::create_order: return read_created(call, f);
    case operation::cancel_order:
    case operation::find_order: return read_one_order(call, f);
    case operation::stream_access:
    case operation::keep_stream_access: return read_listen_key(call, f);
    default: return unreadable(call, "shape");
  }
}

}  // namespace drover::exchanges::mexc
