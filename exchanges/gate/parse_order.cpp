#include <array>

#include "exchanges/gate/names.hpp"
#include "exchanges/gate/parse_detail.hpp"

namespace drover::exchanges::gate {

namespace {

struct ending {
  std::string_view word;
  order_status status;
};
/// "finish_as" of the API reference.
constexpr std::array endings{
    ending{"filled", order_status::filled},
    ending{"cancelled", order_status::cancelled},
    ending{"liquidate_cancelled", order_status::cancelled},
    ending{"auto_cancelled", order_status::cancelled},
    ending{"ioc", order_status::expired},
    ending{"fok", order_status::expired},
    ending{"poc", order_status::expired},
    ending{"stp", order_status::expired},
    ending{"small", order_status::expired},
    ending{"expired", order_status::expired},
    ending{"depth_not_enough", order_status::expired},
    ending{"trader_not_enough", order_status::expired},
    ending{"failed", order_status::rejected},
};

order_status read_status(json_fields& f, bool untouched) {
  const auto open = untouched ? order_status::open : order_status::partially_filled;
  const auto finish = f.optional_text("finish_as");
  for (const auto& e : endings)
    if (e.word == finish) return e.status;
  const auto status = f.optional_text("status");
  const auto event = f.optional_text("event");
  if (status == "open" || (status.empty() && (event == "put" || event == "update"))) return open;
  if (status == "closed") return order_status::filled;
  if (status == "cancelled" || (status.empty() && event == "finish")) return order_status::cancelled;
  f.note("status");
  return open;
}

/// A raw decimal as nanoseconds: `unit_ns` of them for each whole.
wall_time to_time(json_fields& f, std::string_view key, std::optional<decimal> value, std::int64_t unit_ns) {
  if (!value) return {};
  constexpr std::int64_t latest_s = 9'000'000'000;
  const decimal latest(latest_s * (1'000'000'000 / unit_ns));
  if (*value > latest) {
    f.note(key);
    return {};
  }
  constexpr decimal::raw_type one = 1'000'000'000'000'000'000;
  return {nanoseconds(static_cast<std::int64_t>(value->raw() / (one / unit_ns)))};
}

/// What was paid: in the traded asset, in GT or in points, whichever it was.
void read_fee(json_fields& f, fill& out) {
  out.fee = f.number("fee");
  out.fee_asset = f.optional_text("fee_currency");
  const auto in_gt = f.optional_amount("gt_fee").value_or(decimal{});
  const auto in_points = f.optional_amount("point_fee").value_or(decimal{});
  if (!out.fee.is_zero()) return;
  if (in_gt.is_positive()) out.fee = in_gt, out.fee_asset = "GT";
  if (in_points.is_positive()) out.fee = in_points, out.fee_asset = "POINT";
}

}  // namespace

wall_time read_ms(json_fields& f, std::string_view key) { return to_time(f, key, f.optional_amount(key), 1'000'000); }
wall_time read_seconds(json_fields& f, std::string_view key) { return to_time(f, key, f.optional_amount(key), 1'000'000'000); }

side read_side(json_fields& f) {
  const auto word = f.text("side");
  if (word != "buy" && word != "sell") f.note("side");
  return word == "sell" ? side::sell : side::buy;
}

order read_order(json_fields& f) {
  order o;
  o.venue_order_id = f.id("id");
  o.client_order_id = to_client_order_id(f.optional_text("text"));
  o.symbol = to_symbol(f.text("currency_pair"));
  o.side = read_side(f);
  const bool market = f.text("type") == "market";
  if (market) o.type = order_type::market;
  else if (f.optional_text("time_in_force") == "poc") o.type = order_type::limit_maker;
  o.price = f.optional_amount("price").value_or(decimal{});
  const auto amount = f.amount("amount"), left = f.amount("left");
  o.filled_notional = f.optional_amount("filled_total").value_or(decimal{});
  const auto filled = f.optional_amount("filled_amount");
  const bool sized_in_quote = market && o.side == side::buy;
  if (filled) {
    o.filled_quantity = *filled;
  } else if (!sized_in_quote) {
    o.filled_quantity = amount - left;
    if (o.filled_quantity.is_negative()) f.note("left");
  } else if (auto average = f.optional_amount("avg_deal_price"); average && average->is_positive()) {
    o.filled_quantity = decimal::divide(o.filled_notional, *average);
  }
  // Nobody said how much of the base asset a quote amount would buy.
  o.quantity = sized_in_quote ? o.filled_quantity : amount;
  o.status = read_status(f, o.filled_quantity.is_zero());
  o.updated_at = read_ms(f, "update_time_ms");
  if (o.updated_at == wall_time{}) o.updated_at = read_seconds(f, "update_time");
  return o;
}

fill read_fill(json_fields& f) {
  fill x;
  x.symbol = to_symbol(f.text("currency_pair"));
  x.trade_id = f.id("id");
  x.venue_order_id = f.id("order_id");
  x.client_order_id = to_client_order_id(f.optional_text("text"));
  x.side = read_side(f);
  x.price = f.amount("price");
  x.quantity = f.amount("amount");
  read_fee(f, x);
  const auto role = f.text("role");
  if (role != "maker" && role != "taker") f.note("role");
  x.maker = role == "maker";
  x.at = read_ms(f, "create_time_ms");
  if (x.at == wall_time{}) x.at = read_seconds(f, "create_time");
  return x;
}

std::vector<book_level> read_levels(json_fields& f, std::string_view key) {
  std::vector<book_level> out;
  auto array = f.optional_array(key);
  if (!array) return out;
  for (auto element : *array) {
    sj::array pair;
    if (element.get_array().get(pair)) return f.note(key), std::vector<book_level>{};
    decimal numbers[2];
    std::size_t count = 0;
    for (auto item : pair) {
      sj::value value;
      if (item.get(value)) return f.note(key), std::vector<book_level>{};
      if (count < 2) numbers[count] = f.to_decimal(value, key);
      if (!f.ok()) return {};
      ++count;
    }
    if (count < 2 || numbers[0].is_negative() || numbers[1].is_negative()) return f.note(key), std::vector<book_level>{};
    out.push_back({numbers[0], numbers[1]});
  }
  return out;
}

}  // namespace drover::exchanges::gate
