#include "exchanges/call_arguments.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>

namespace drover::exchanges {

namespace {

/// One argument: its name, the operations that take it, and how it is read.
struct argument {
  std::string_view name;
  std::vector<operation> of;
  result<void> (*read)(venue_call&, const json&);
};

result<std::string> read_text(const json& value) {
  if (!value.is_string()) return fail(errc::malformed, "a text is expected");
  return value.get<std::string>();
}

result<decimal> read_amount(const json& value) {
  if (value.is_number_integer()) return decimal(value.get<std::int64_t>());
  if (!value.is_string()) return fail(errc::malformed, "an amount is expected, as text: \"0.001\"");
  auto amount = decimal::parse(value.get<std::string>());
  if (!amount || amount->is_negative()) return fail(errc::malformed, "not an amount");
  return *amount;
}

result<std::int64_t> read_whole(const json& value) {
  if (!value.is_number_integer() || value.get<std::int64_t>() < 0)
    return fail(errc::malformed, "a whole number is expected");
  return value.get<std::int64_t>();
}

result<wall_time> read_moment(const json& value) {
  if (value.is_number_integer() && value.get<std::int64_t>() >= 0) return wall_time::from_ms(value.get<std::int64_t>());
  if (!value.is_string()) return fail(errc::malformed, "milliseconds since 1970 or an RFC 3339 time is expected");
  return parse_rfc3339(value.get<std::string>());
}

template <class T, class Assign>
result<void> assign(result<T> value, Assign to) {
  if (!value) return std::unexpected(value.error());
  to(std::move(*value));
  return {};
}

/// "limit", "market", "limit_maker" and, as people call the last one, "post_only".
result<order_type> read_type(const json& value) {
  auto text = read_text(value);
  if (!text) return std::unexpected(text.error());
  if (*text == "post_only") return order_type::limit_maker;
  return parse_order_type(*text);
}

result<side> read_side(const json& value) {
  auto text = read_text(value);
  if (!text) return std::unexpected(text.error());
  return parse_side(*text);
}

result<time_in_force> read_tif(const json& value) {
  auto text = read_text(value);
  if (!text) return std::unexpected(text.error());
  for (auto tif : {time_in_force::gtc, time_in_force::ioc, time_in_force::fok})
    if (to_string(tif) == *text) return tif;
  return fail(errc::malformed, "gtc, ioc or fok is expected");
}

result<candle_interval> read_interval(const json& value) {
  auto text = read_text(value);
  if (!text) return std::unexpected(text.error());
  return parse_candle_interval(*text);
}

const std::array arguments{
    argument{"symbol",
             {operation::ticker, operation::trades, operation::book, operation::candles, operation::create_order,
              operation::cancel_order, operation::cancel_all_orders, operation::find_order, operation::open_orders,
              operation::fills},
             [](venue_call& c, const json& v) {
               return assign(read_text(v),
                             [&](std::string t) { c.symbol = c.order.symbol = c.of.symbol = std::move(t); });
             }},
    argument{"side",
             {operation::create_order},
             [](venue_call& c, const json& v) { return assign(read_side(v), [&](auto s) { c.order.side = s; }); }},
    argument{"type",
             {operation::create_order},
             [](venue_call& c, const json& v) { return assign(read_type(v), [&](auto t) { c.order.type = t; }); }},
    argument{"time_in_force",
             {operation::create_order},
             [](venue_call& c, const json& v) { return assign(read_tif(v), [&](auto t) { c.order.tif = t; }); }},
    argument{
        "quantity",
        {operation::create_order},
        [](venue_call& c, const json& v) { return assign(read_amount(v), [&](decimal d) { c.order.quantity = d; }); }},
    argument{"quote_quantity",
             {operation::create_order},
             [](venue_call& c, const json& v) {
               return assign(read_amount(v), [&](decimal d) { c.order.quote_quantity = d; });
             }},
    argument{
        "price",
        {operation::create_order},
        [](venue_call& c, const json& v) { return assign(read_amount(v), [&](decimal d) { c.order.price = d; }); }},
    argument{"client_order_id",
             {operation::create_order, operation::cancel_order, operation::find_order},
             [](venue_call& c, const json& v) {
               return assign(read_text(v),
                             [&](std::string t) { c.order.client_order_id = c.of.client_order_id = std::move(t); });
             }},
    argument{"venue_order_id",
             {operation::cancel_order, operation::find_order},
             [](venue_call& c, const json& v) {
               return assign(read_text(v), [&](std::string t) { c.of.venue_order_id = std::move(t); });
             }},
    argument{"after",
             {operation::fills},
             [](venue_call& c, const json& v) {
               return assign(read_text(v), [&](std::string t) { c.after = std::move(t); });
             }},
    argument{"since",
             {operation::fills, operation::candles, operation::trades},
             [](venue_call& c, const json& v) { return assign(read_moment(v), [&](wall_time t) { c.since = t; }); }},
    argument{"limit",
             {operation::ticker, operation::trades, operation::book, operation::candles, operation::fills},
             [](venue_call& c, const json& v) {
               return assign(read_whole(v),
                             [&](std::int64_t n) { c.limit = static_cast<int>(std::min<std::int64_t>(n, 1'000'000)); });
             }},
    argument{"interval",
             {operation::candles},
             [](venue_call& c, const json& v) { return assign(read_interval(v), [&](auto i) { c.interval = i; }); }},
    argument{"dead_man_after_ms",
             {operation::set_dead_man},
             [](venue_call& c, const json& v) {
               return assign(read_whole(v), [&](std::int64_t n) { c.dead_man_after = milliseconds(n); });
             }},
    argument{"validity_window_ms",
             {},
             [](venue_call& c, const json& v) {
               return assign(read_whole(v), [&](std::int64_t n) { c.validity_window = milliseconds(n); });
             }},
    argument{"access_token",
             {operation::keep_stream_access},
             [](venue_call& c, const json& v) {
               return assign(read_text(v), [&](std::string t) {
                 auto access = std::make_shared<stream_access>();
                 access->token = secret(t);
                 c.access = std::move(access);
               });
             }},
    argument{"step",
             {},
             [](venue_call& c, const json& v) {
               return assign(read_whole(v),
                             [&](std::int64_t n) { c.step = static_cast<int>(std::min<std::int64_t>(n, 1'000)); });
             }},
    argument{"cursor",
             {},
             [](venue_call& c, const json& v) {
               return assign(read_text(v), [&](std::string t) { c.cursor = std::move(t); });
             }},
};

/// An empty list means every operation.
bool belongs_to(const argument& a, operation op) {
  return a.of.empty() || std::ranges::find(a.of, op) != a.of.end();
}

}  // namespace

std::vector<std::string> arguments_of(operation op) {
  std::vector<std::string> out;
  for (const auto& a : arguments)
    if (belongs_to(a, op)) out.emplace_back(a.name);
  return out;
}

result<venue_call> read_venue_call(operation op, const json& given) {
  if (!given.is_object()) return fail(errc::malformed, "the arguments must be a JSON object");
  venue_call call;
  call.op = op;
  for (const auto& [name, value] : given.items()) {
    const auto* known =
        std::ranges::find_if(arguments, [&](const argument& a) { return a.name == name && belongs_to(a, op); });
    if (known == arguments.end()) {
      std::string all;
      for (const auto& a : arguments_of(op)) all += (all.empty() ? "" : ", ") + a;
      return fail(errc::malformed,
                  std::string(to_string(op)) + " has no argument \"" + name + "\" (it has: " + all + ")");
    }
    if (auto read = known->read(call, value); !read) return fail(errc::malformed, name + ": " + read.error().detail);
  }
  return call;
}

}  // namespace drover::exchanges
