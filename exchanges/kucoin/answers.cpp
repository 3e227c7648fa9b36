#include "exchanges/kucoin/answers.hpp"

#include <algorithm>

#include "exchanges/kucoin/endpoints.hpp"
#include "exchanges/kucoin/errors.hpp"
#include "exchanges/kucoin/names.hpp"
#include "exchanges/kucoin/parse_detail.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::kucoin {

namespace {

json_source& source() {
  thread_local json_source kept;
  return kept;
}

std::unexpected<error> refuse(const venue_call& call, const client_response& answer, std::string_view code, std::string_view message) {
  const int status = answer.status;
  auto known = find_known_error(code, message);
  // The venue's own trouble: a write may have gone through.
  if (code.starts_with("5") || code == "408000") known = is_write(call.op) ? exchange_errc::unknown_outcome : exchange_errc::maintenance;
  auto out = make_refusal(call.op, status, code, message, known);
  const auto reset_ms = whole_header(answer.headers, "gw-ratelimit-reset");
  if (out.code == exchange_errc::rate_limited && reset_ms && *reset_ms >= 0 && *reset_ms <= 60'000) out.retry_after = milliseconds(*reset_ms);
  return std::unexpected(std::move(out));
}

/// "Taken in": ids only.
order make_acknowledged(const order_ref& of, std::string_view venue_order_id) {
  order o;
  o.symbol = of.symbol;
  o.client_order_id = of.client_order_id;
  o.venue_order_id = venue_order_id.empty() ? of.venue_order_id : std::string(venue_order_id);
  o.complete = false;
  return o;
}

order read_created(json_fields& data, const venue_call& call) {
  const auto& asked = call.order;
  auto o = make_acknowledged({asked.symbol, asked.client_order_id, {}}, data.text("orderId"));
  o.side = asked.side;
  o.type = asked.type;
  o.price = asked.price;
  o.quantity = asked.quantity;
  return o;
}

void read_cancelled_all(json_fields& top) {
  // One symbol answers "success"; all of them name those that failed.
  auto data = top.optional_object("data");
  if (!data) return;
  json_fields f(*data);
  if (auto failed = f.optional_array("failedSymbols"))
    for (auto symbol : *failed) {
      (void)symbol;
      f.note("failedSymbols");
      break;
    }
  top.take_problem(f);
}

/// Decimal numbers of any length.
bool is_behind(std::string_view id, std::string_view other) {
  return id.size() != other.size() ? id.size() > other.size() : id > other;
}

bool is_known(const venue_call& call, const fill& f) {
  if (!call.after.empty()) return !is_behind(f.trade_id, call.after);
  return call.since && f.at < *call.since;
}

/// The venue lists the newest first: pages are gathered until the known trade, then turned round.
venue_reply gather_fills(json_fields& data, const venue_call& call) {
  std::vector<fill> all;
  if (call.earlier)
    if (const auto* before = std::get_if<std::vector<fill>>(call.earlier.get())) all = *before;
  auto page = read_fills(data);
  const auto last_id = data.optional_integer("lastId").value_or(0);
  const auto full = static_cast<int>(page.size()) >= (call.limit > 0 ? std::min(call.limit, fills_page) : fills_page);
  const bool reached = std::ranges::any_of(page, [&](const fill& f) { return is_known(call, f); });
  std::ranges::copy_if(page, std::back_inserter(all), [&](const fill& f) { return !is_known(call, f); });
  if (full && !reached && last_id > 0 && call.limit == 0 && call.step + 1 < page_limit) {
    auto next = call;
    ++next.step;
    next.cursor = std::to_string(last_id);
    next.earlier = std::make_shared<const venue_answer>(std::move(all));
    return {nothing{}, std::move(next)};
  }
  std::ranges::reverse(all);
  return {std::move(all), {}};
}

venue_reply read_open_orders(json_fields& top, const venue_call& call) {
  std::vector<order> out;
  // No orders: an empty list or null.
  if (auto list = top.optional_array("data"))
    json_fields::for_objects(*list, top, [&](json_fields& f) { out.push_back(read_order(f)); });
  const auto comma = call.cursor.find(',');
  if (call.cursor.empty() || comma == std::string::npos) return {std::move(out), {}};
  auto next = call;
  ++next.step;
  next.cursor = call.cursor.substr(comma + 1);
  return {std::move(out), std::move(next)};
}

venue_reply read_open_symbols(json_fields& top, const venue_call& call) {
  std::string symbols;
  std::size_t count = 0;
  if (auto data = top.optional_object("data")) {
    json_fields f(*data);
    if (auto list = f.optional_array("symbols"))
      for (auto entry : *list) {
        std::string_view symbol;
        if (entry.get_string().get(symbol) || symbol.empty() || ++count > open_symbols_limit) {
          f.note("symbols");
          break;
        }
        symbols += (symbols.empty() ? "" : ",") + to_symbol(symbol);
      }
    top.take_problem(f);
  }
  if (symbols.empty()) return {std::vector<order>{}, {}};
  auto next = call;
  ++next.step;
  next.cursor = std::move(symbols);
  return {std::vector<order>{}, std::move(next)};
}

std::shared_ptr<const stream_access> read_access(json_fields& data) {
  auto out = std::make_shared<stream_access>();
  const auto token = std::string(data.text("token"));
  data.each("instanceServers", [&](json_fields& f) {
    if (!out->url.empty()) return;
    // The address as it is opened: both the public and the private stream want the token in it.
    out->url = std::string(f.text("endpoint")) + "?token=" + token + "&connectId=drover";
    const auto interval = f.integer("pingInterval");
    if (interval >= 1'000 && interval <= 600'000) out->ping_interval = milliseconds(interval);
  });
  if (token.empty() || out->url.empty()) data.note("token");
  out->token = secret(token);
  out->valid_for = std::chrono::hours(24);
  return out;
}

/// The answers whose "data" is an object.
std::optional<venue_reply> read_object(const venue_call& call, json_fields& data) {
  switch (call.op) {
    case operation::ticker: return venue_reply{read_ticker(data, call), {}};
    case operation::book: return venue_reply{read_book(data, call), {}};
    case operation::permissions: return venue_reply{read_permissions(data), {}};
    case operation::create_order: return venue_reply{read_created(data, call), {}};
    case operation::cancel_order: return venue_reply{make_acknowledged(call.of, data.optional_text("orderId")), {}};
    case operation::find_order: return venue_reply{read_order(data), {}};
    case operation::fills: return gather_fills(data, call);
    case operation::stream_access: return venue_reply{read_access(data), {}};
    default: return std::nullopt;
  }
}

venue_reply read_data(const venue_call& call, json_fields& top) {
  switch (call.op) {
    case operation::server_time: return {read_server_time(top), {}};
    case operation::instruments: return {read_instruments(top), {}};
    case operation::trades: return {read_trades(top, call), {}};
    case operation::candles: return {read_candles(top, call), {}};
    case operation::balances: return {read_balances(top), {}};
    case operation::open_orders:
      return call.symbol.empty() && call.step == 0 ? read_open_symbols(top, call) : read_open_orders(top, call);
    case operation::cancel_all_orders: read_cancelled_all(top); return {nothing{}, {}};
    case operation::set_dead_man: return {nothing{}, {}};
    default: break;
  }
  auto data = top.optional_object("data");
  if (!data) {
    top.note("data");
    return {};
  }
  json_fields f(*data);
  auto out = read_object(call, f);
  top.take_problem(f);
  if (!out) top.note("operation");
  return out ? std::move(*out) : venue_reply{};
}

}  // namespace

result<venue_reply> read_venue_answer(const venue_call& call, const client_response& answer) {
  const bool failed = answer.status < 200 || answer.status > 299;
  if (!source().load(answer.body)) {
    if (failed) return refuse(call, answer, {}, {});
    return std::unexpected(make_unreadable(call.op, "bytes"));
  }
  json_fields top(source().document().get_object());
  const auto code = std::string(top.optional_text("code"));
  const auto message = std::string(top.optional_text("msg"));
  if (!top.ok() || code.empty()) {
    if (failed) return refuse(call, answer, {}, {});
    return std::unexpected(make_unreadable(call.op, top.ok() ? "code" : top.problem()));
  }
  if (failed || code != success_code) return refuse(call, answer, code, message);
  auto out = read_data(call, top);
  // An unknown order is answered with a null.
  if (call.op == operation::find_order && std::holds_alternative<nothing>(out.answer) && top.problem() == "data")
    return fail(exchange_errc::order_not_found, "the venue answered without an order");
  if (!top.ok()) return std::unexpected(make_unreadable(call.op, top.problem()));
  return out;
}

}  // namespace drover::exchanges::kucoin
