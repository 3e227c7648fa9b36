#include "exchanges/raw/call_text.hpp"

#include <array>
#include <charconv>
#include <functional>

#include "base/encoding.hpp"

namespace drover::exchanges {

namespace {

class line_writer {
 public:
  void text(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (!out_.empty()) out_ += '&';
    out_.append(name).append("=").append(percent_encode(value));
  }
  void number(std::string_view name, std::int64_t value) {
    if (value != 0) text(name, std::to_string(value));
  }
  void amount(std::string_view name, decimal value) {
    if (!value.is_zero()) text(name, value.to_string());
  }
  std::string done() { return std::move(out_); }

 private:
  std::string out_;
};

/// Calls `each(name, value)` for every pair; false stops.
bool read_line(std::string_view line, const std::function<bool(std::string_view, std::string)>& each) {
  while (!line.empty()) {
    const auto end = line.find('&');
    const auto pair = line.substr(0, end);
    line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos) return false;
    auto value = percent_decode(pair.substr(equals + 1));
    if (!value || !each(pair.substr(0, equals), std::move(*value))) return false;
  }
  return true;
}

template <class I>
bool take_number(std::string_view text, I& out) {
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failure == std::errc() && end == text.data() + text.size();
}

template <class T>
bool take(result<T> value, T& out) {
  if (value) out = *value;
  return value.has_value();
}

result<time_in_force> parse_time_in_force(std::string_view text) {
  for (auto tif : {time_in_force::gtc, time_in_force::ioc, time_in_force::fok})
    if (to_string(tif) == text) return tif;
  return fail(errc::malformed, "time in force");
}

void write_order(line_writer& line, const order_request& o) {
  line.text("order.symbol", o.symbol);
  line.text("order.side", to_string(o.side));
  line.text("order.type", to_string(o.type));
  line.text("order.tif", to_string(o.tif));
  line.amount("order.quantity", o.quantity);
  line.amount("order.quote", o.quote_quantity);
  line.amount("order.price", o.price);
  line.text("order.client", o.client_order_id);
}

bool read_order(std::string_view name, const std::string& value, order_request& o) {
  if (name == "symbol") o.symbol = value;
  if (name == "client") o.client_order_id = value;
  if (name == "side") return take(parse_side(value), o.side);
  if (name == "type") return take(parse_order_type(value), o.type);
  if (name == "tif") return take(parse_time_in_force(value), o.tif);
  if (name == "quantity") return take(decimal::parse(value), o.quantity);
  if (name == "quote") return take(decimal::parse(value), o.quote_quantity);
  if (name == "price") return take(decimal::parse(value), o.price);
  return true;
}

void read_reference(std::string_view name, std::string value, order_ref& of) {
  if (name == "symbol") of.symbol = std::move(value);
  else if (name == "client") of.client_order_id = std::move(value);
  else if (name == "venue") of.venue_order_id = std::move(value);
}

bool read_time(std::string_view text, std::optional<wall_time>& out) {
  std::int64_t ns = 0;
  if (!take_number(text, ns)) return false;
  out = wall_time{nanoseconds(ns)};
  return true;
}

bool read_argument(std::string_view name, std::string value, venue_call& call) {
  constexpr std::string_view order_prefix = "order.", of_prefix = "of.";
  if (name.starts_with(order_prefix)) return read_order(name.substr(order_prefix.size()), value, call.order);
  if (name.starts_with(of_prefix)) {
    read_reference(name.substr(of_prefix.size()), std::move(value), call.of);
    return true;
  }
  if (name == "since_ns") return read_time(value, call.since);
  if (name == "until_ns") return read_time(value, call.until);
  if (name == "limit") return take_number(value, call.limit);
  if (name == "step") return take_number(value, call.step);
  if (name == "interval") return take(parse_candle_interval(value), call.interval);
  if (name == "symbol") call.symbol = std::move(value);
  else if (name == "after") call.after = std::move(value);
  else if (name == "cursor") call.cursor = std::move(value);
  else if (name == "market_stream") call.market_stream = true;
  return true;
}

}  // namespace

std::string write_call_arguments(const venue_call& call) {
  line_writer line;
  line.text("symbol", call.symbol);
  if (call.op == operation::create_order) write_order(line, call.order);
  line.text("of.symbol", call.of.symbol);
  line.text("of.client", call.of.client_order_id);
  line.text("of.venue", call.of.venue_order_id);
  line.text("after", call.after);
  if (call.since) line.text("since_ns", std::to_string(call.since->since_epoch.count()));
  if (call.until) line.text("until_ns", std::to_string(call.until->since_epoch.count()));
  line.number("limit", call.limit);
  if (call.op == operation::candles) line.text("interval", to_string(call.interval));
  line.number("step", call.step);
  line.text("cursor", call.cursor);
  if (call.market_stream) line.text("market_stream", "1");
  return line.done();
}

result<venue_call> read_call(std::string_view name, std::string_view arguments) {
  auto op = parse_operation(name);
  if (!op) return std::unexpected(std::move(op.error()));
  venue_call call;
  call.op = *op;
  std::string wrong;
  const auto each = [&](std::string_view argument, std::string value) {
    if (read_argument(argument, std::move(value), call)) return true;
    wrong = argument;
    return false;
  };
  if (!read_line(arguments, each)) return fail(errc::malformed, "arguments of the call: " + wrong);
  return call;
}

std::string write_gap_details(const data_gap& gap) {
  line_writer line;
  line.text("symbol", gap.symbol);
  line.text("interval", gap.interval);
  line.number("first", gap.first_missing);
  line.number("last", gap.last_missing);
  return line.done();
}

gap_details read_gap_details(std::string_view text) {
  gap_details out;
  (void)read_line(text, [&](std::string_view name, std::string value) {
    if (name == "symbol") out.symbol = std::move(value);
    else if (name == "interval") out.interval = std::move(value);
    else if (name == "first") return take_number(value, out.first_missing);
    else if (name == "last") return take_number(value, out.last_missing);
    return true;
  });
  return out;
}

}  // namespace drover::exchanges
