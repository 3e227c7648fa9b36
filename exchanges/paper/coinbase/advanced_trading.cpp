#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "exchanges/paper/coinbase/advanced_dialect.hpp"
#include "exchanges/paper/order_lookup.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::coinbase {

namespace {

constexpr std::size_t client_id_limit = 128, batch_limit = 100;

/// Keys of order_configuration and what they are.
struct configuration {
  std::string_view name;
  order_type type;
  time_in_force tif;
};
constexpr std::array configurations{configuration{"limit_limit_gtc", order_type::limit, time_in_force::gtc},
                                    configuration{"sor_limit_ioc", order_type::limit, time_in_force::ioc},
                                    configuration{"limit_limit_fok", order_type::limit, time_in_force::fok},
                                    configuration{"market_market_ioc", order_type::market, time_in_force::gtc}};

std::string refuse_order(std::string_view code, std::string_view message,
                         std::string_view preview = "UNKNOWN_PREVIEW_FAILURE_REASON") {
  return fmt::format(
      R"({{"success":false,"failure_reason":"UNKNOWN_FAILURE_REASON","order_id":"","error_response":{{"error":"{}","message":"{}",)"
      R"("error_details":"","preview_failure_reason":"{}"}},"order_configuration":{{}}}})",
      code, message, preview);
}

std::string explain(refusal why, const exchanges::instrument& i, const order_ticket& t) {
  switch (why) {
    case refusal::price_filter:
      return refuse_order("INVALID_PRICE_PRECISION", "Too many decimals in order price");
    case refusal::lot_size:
      if (t.quantity < i.min_quantity) return refuse_order("INVALID_SIZE_PRECISION", "Order size below minimum");
      return refuse_order("INVALID_SIZE_PRECISION", "Too many decimals in order amount");
    case refusal::min_notional:
      return refuse_order("ORDER_SIZE_TOO_SMALL", "Order size below minimum");
    case refusal::insufficient_funds:
      return refuse_order("INSUFFICIENT_FUND", "Insufficient balance in source account", "PREVIEW_INSUFFICIENT_FUND");
    case refusal::would_match:
      return refuse_order("INVALID_LIMIT_PRICE_POST_ONLY", "Limit order would match");
    case refusal::duplicate_client_id:
      return refuse_order("DUPLICATE_CLIENT_ORDER_ID", "Duplicate client order id");
    case refusal::market_closed:
      return refuse_order("ORDER_ENTRY_DISABLED", "Orders cannot be placed at this time");
    case refusal::too_many_orders:
      return refuse_order("OPEN_ORDER_LIMIT", "Too many open orders");
  }
  return refuse_order("UNKNOWN_FAILURE_REASON", "");
}

std::string_view status_of(const paper_order& o) {
  switch (o.status) {
    case order_status::filled:
      return "FILLED";
    case order_status::cancelled:
      return "CANCELLED";
    case order_status::expired:
      return o.filled_quantity.is_zero() || o.type != order_type::market ? "CANCELLED" : "FILLED";
    case order_status::rejected:
      return "FAILED";
    default:
      return "OPEN";
  }
}

std::string render_configuration(const paper_order& o) {
  if (o.type == order_type::market)
    return o.quote_quantity.is_zero()
               ? fmt::format(R"({{"market_market_ioc":{{"base_size":"{}"}}}})", o.quantity.to_string())
               : fmt::format(R"({{"market_market_ioc":{{"quote_size":"{}"}}}})", o.quote_quantity.to_string());
  const auto sizes = fmt::format(R"("base_size":"{}","limit_price":"{}")", o.quantity.to_string(), o.price.to_string());
  if (o.type == order_type::limit_maker) return R"({"limit_limit_gtc":{)" + sizes + R"(,"post_only":true}})";
  if (o.tif == time_in_force::ioc) return R"({"sor_limit_ioc":{)" + sizes + "}}";
  if (o.tif == time_in_force::fok) return R"({"limit_limit_fok":{)" + sizes + "}}";
  return R"({"limit_limit_gtc":{)" + sizes + R"(,"post_only":false}})";
}

std::int64_t page_size(const request_fields& f) {
  auto limit = f.whole("limit");
  return std::clamp<std::int64_t>(limit ? limit->value_or(100) : 100, 1, 1'000);
}

/// Cursors are the number of the last item.
std::int64_t cursor_of(const request_fields& f) {
  auto cursor = f.whole("cursor");
  return cursor ? cursor->value_or(0) : 0;
}

decimal average_of(const paper_order& o) {
  return o.filled_quantity.is_zero() ? decimal{} : o.filled_notional / o.filled_quantity;
}

}  // namespace

std::string advanced_dialect::render_order(const paper_order& o) const {
  const auto done = o.quantity.is_zero() ? decimal{} : o.filled_quantity * decimal(100) / o.quantity;
  return fmt::format(
      R"({{"order_id":"{}","product_id":"{}","user_id":"u","order_configuration":{},"side":"{}","client_order_id":{},"status":"{}",)"
      R"("time_in_force":"{}","created_time":"{}","completion_percentage":"{}","filled_size":"{}","average_filled_price":"{}","fee":"",)"
      R"("number_of_fills":"0","filled_value":"{}","pending_cancel":false,"size_in_quote":{},"total_fees":"0","size_inclusive_of_fees":false,)"
      R"("total_value_after_fees":"{}","trigger_status":"INVALID_ORDER_TYPE","order_type":"{}","reject_reason":"REJECT_REASON_UNSPECIFIED",)"
      R"("settled":{},"product_type":"SPOT","reject_message":"","cancel_message":"","last_fill_time":{}}})",
      order_uuid(o.number), product_of(venue(), o.instrument), render_configuration(o),
      o.side == side::buy ? "BUY" : "SELL", paper::quoted(o.client_id), status_of(o),
      o.tif == time_in_force::ioc || o.type == order_type::market ? "IMMEDIATE_OR_CANCEL"
      : o.tif == time_in_force::fok                               ? "FILL_OR_KILL"
                                                                  : "GOOD_UNTIL_CANCELLED",
      to_rfc3339(o.created_at), fixed(done, 2), o.filled_quantity.to_string(), average_of(o).to_string(),
      o.filled_notional.to_string(), !o.quote_quantity.is_zero(), o.filled_notional.to_string(),
      o.type == order_type::market ? "MARKET" : "LIMIT", is_terminal(o.status),
      o.filled_quantity.is_zero() ? "null" : paper::quoted(to_rfc3339(o.updated_at)));
}

reply<std::string> advanced_dialect::place(const request& r) {
  const auto& f = r.fields;
  const auto invalid = [](std::string message) {
    return std::unexpected(denied{400, "INVALID_ARGUMENT", std::move(message)});
  };
  order_ticket t;
  t.account = r.account->number;
  const auto product = find_product(venue(), f.text("product_id"));
  if (!product) return invalid("valid product_id is required");
  t.instrument = *product;
  t.client_id = f.text("client_order_id");
  if (t.client_id.empty() || t.client_id.size() > client_id_limit) return invalid("client_order_id is required");
  if (f.text("side") != "BUY" && f.text("side") != "SELL") return invalid("side is required");
  t.side = f.text("side") == "BUY" ? side::buy : side::sell;
  const auto* kinds = f.member("order_configuration");
  if (kinds == nullptr || !kinds->is_object() || kinds->size() != 1) return invalid("order_configuration is required");
  const auto known = std::ranges::find(configurations, std::string_view(kinds->begin().key()), &configuration::name);
  if (known == configurations.end()) return refuse_order("UNSUPPORTED_ORDER_CONFIGURATION", "unsupported");
  const auto sizes = request_fields::from_json(kinds->begin().value());
  t.type = known->type == order_type::limit && sizes.flag("post_only") ? order_type::limit_maker : known->type;
  t.tif = known->tif;
  const std::array<std::pair<std::string_view, decimal*>, 3> wanted{
      {{"base_size", &t.quantity}, {"quote_size", &t.quote_quantity}, {"limit_price", &t.price}}};
  for (const auto& [name, target] : wanted) {
    auto value = sizes.amount(name);
    if (!value && value.error().why == field_problem::reason::too_precise)
      return refuse_order("INVALID_SIZE_PRECISION", "Too many decimals in order amount");
    if (!value) return invalid(std::string(name) + " is invalid");
    *target = value->value_or(decimal{});
  }
  auto placed = venue().place(t);
  if (!placed) return explain(placed.error(), venue().engine().get_instrument(t.instrument), t);
  const auto& o = *placed->order;
  return fmt::format(
      R"({{"success":true,"failure_reason":"UNKNOWN_FAILURE_REASON","order_id":"{0}","success_response":{{"order_id":"{0}","product_id":"{1}",)"
      R"("side":"{2}","client_order_id":{3}}},"order_configuration":{4}}})",
      order_uuid(o.number), product_of(venue(), o.instrument), o.side == side::buy ? "BUY" : "SELL",
      paper::quoted(o.client_id), render_configuration(o));
}

reply<std::string> advanced_dialect::cancel(const request& r) {
  const auto* ids = r.fields.member("order_ids");
  if (ids == nullptr || !ids->is_array() || ids->empty() || ids->size() > batch_limit)
    return std::unexpected(denied{400, "INVALID_ARGUMENT", "order_ids is required"});
  std::vector<std::string> out;
  for (const auto& id : *ids) {
    const auto text = id.is_string() ? id.get<std::string>() : std::string();
    const auto number = order_of_uuid(text);
    const auto* o = number ? find_visible_order(venue(), *r.account, *number) : nullptr;
    const bool open = o != nullptr && !is_terminal(o->status);
    if (open) venue().cancel(r.account->number, *number);
    out.push_back(fmt::format(R"({{"success":{},"failure_reason":"{}","order_id":{}}})", open,
                              open ? "UNKNOWN_CANCEL_FAILURE_REASON" : "UNKNOWN_CANCEL_ORDER", paper::quoted(text)));
  }
  return R"({"results":)" + join_list(out) + "}";
}

reply<std::string> advanced_dialect::find(const request& r, std::string_view id) {
  const auto number = order_of_uuid(id);
  const auto* o = number ? find_visible_order(venue(), *r.account, *number) : nullptr;
  if (o == nullptr) return std::unexpected(denied{404, "NOT_FOUND", "order with this orderID was not found"});
  return R"({"order":)" + render_order(*o) + "}";
}

reply<std::string> advanced_dialect::list_orders_of(const request& r) {
  std::optional<instrument_number> only;
  for (const auto* name : {"product_ids", "product_id"})
    if (const auto product = r.fields.text(name); !product.empty()) {
      only = find_product(venue(), product);
      if (!only) return std::unexpected(denied{400, "INVALID_ARGUMENT", "valid product_id is required"});
    }
  const auto status = r.fields.text("order_status");
  const auto most = static_cast<std::size_t>(page_size(r.fields));
  const auto before = cursor_of(r.fields);
  auto orders = list_orders(venue(), *r.account, only);
  std::vector<std::string> out;
  std::string cursor;
  for (auto o = orders.rbegin(); o != orders.rend(); ++o) {
    if ((!status.empty() && status_of(**o) != status) || (before > 0 && (*o)->number >= before)) continue;
    if (out.size() == most) {
      cursor = std::to_string((*o)->number + 1);
      break;
    }
    out.push_back(render_order(**o));
  }
  return fmt::format(R"({{"orders":{},"sequence":"0","has_next":{},"cursor":"{}"}})", join_list(out), !cursor.empty(),
                     cursor);
}

reply<std::string> advanced_dialect::list_fills_of(const request& r) {
  std::optional<instrument_number> only;
  for (const auto* name : {"product_ids", "product_id"})
    if (const auto product = r.fields.text(name); !product.empty()) only = find_product(venue(), product);
  const auto order = order_of_uuid(r.fields.text("order_id"));
  const auto from = parse_rfc3339(r.fields.text("start_sequence_timestamp"));
  const auto most = static_cast<std::size_t>(page_size(r.fields));
  const auto before = cursor_of(r.fields);
  auto fills = list_fills(venue(), *r.account, only);
  std::vector<std::string> out;
  std::string cursor;
  for (auto x = fills.rbegin(); x != fills.rend(); ++x) {
    const auto& f = **x;
    if ((order && f.order != *order) || (before > 0 && f.trade_id >= before) || (from && f.at < *from)) continue;
    if (out.size() == most) {
      cursor = std::to_string(f.trade_id + 1);
      break;
    }
    const auto* o = venue().engine().find_order(f.order);
    out.push_back(fmt::format(
        R"({{"entry_id":"{0}","trade_id":"{1}","order_id":"{2}","trade_time":"{3}","trade_type":"FILL","price":"{4}","size":"{5}",)"
        R"("commission":"{6}","product_id":"{7}","sequence_timestamp":"{3}","liquidity_indicator":"{8}","size_in_quote":false,)"
        R"("user_id":"u","side":"{9}","client_order_id":{10}}})",
        number_to_uuid(f.trade_id, trade_salt), number_to_uuid(f.trade_id, trade_salt), order_uuid(f.order),
        to_rfc3339(f.at), f.price.to_string(), f.quantity.to_string(), f.fee.to_string(),
        product_of(venue(), f.instrument), f.maker ? "MAKER" : "TAKER", f.side == side::buy ? "BUY" : "SELL",
        paper::quoted(o == nullptr ? "" : o->client_id)));
  }
  return fmt::format(R"({{"fills":{},"cursor":"{}"}})", join_list(out), cursor);
}

}  // namespace drover::exchanges::paper::coinbase
