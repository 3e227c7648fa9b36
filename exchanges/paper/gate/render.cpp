#include <fmt/format.h>

#include "exchanges/paper/gate/gate_dialect.hpp"
#include "exchanges/paper/gate/pairs.hpp"
#include "exchanges/paper/order_lookup.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::gate {

namespace {

std::string_view finish_of(const paper_order& o) {
  if (!is_terminal(o.status)) return "open";
  if (o.status == order_status::filled) return "filled";
  if (o.status == order_status::cancelled) return "cancelled";
  if (o.expired_in_match) return "stp";
  if (o.type == order_type::limit_maker) return "poc";
  return o.tif == time_in_force::fok ? "fok" : "ioc";
}

std::string_view status_of(const paper_order& o) {
  if (!is_terminal(o.status)) return "open";
  return o.status == order_status::filled ? "closed" : "cancelled";
}

std::string_view tif_of(const paper_order& o) {
  if (o.type == order_type::limit_maker) return "poc";
  if (o.tif == time_in_force::fok) return "fok";
  return o.tif == time_in_force::ioc || o.type == order_type::market ? "ioc" : "gtc";
}

std::string text_of(const paper_order& o) { return o.client_id.empty() ? "apiv4" : o.client_id; }

}  // namespace

std::string gate_dialect::render_order(const paper_order& o, std::string_view event) const {
  const auto& i = venue().engine().get_instrument(o.instrument);
  const bool by_quote = o.quote_quantity.is_positive();
  const auto amount = by_quote ? o.quote_quantity : o.quantity;
  const auto left = by_quote ? o.quote_quantity - o.filled_notional : o.remaining();
  decimal fee;
  if (!o.filled_quantity.is_zero())
    for (const auto* e : list_fills(venue(), venue().accounts().get(o.account), o.instrument))
      if (e->order == o.number) fee += e->fee;
  const auto average = o.filled_quantity.is_zero() ? decimal{} : decimal::divide(o.filled_notional, o.filled_quantity, rounding::down);
  const auto ms_quote = event.empty() ? "" : "\"";
  auto out = fmt::format(
      R"({{"id":"{}","text":{},"amend_text":"-","create_time":"{}","update_time":"{}","create_time_ms":{}{}{},"update_time_ms":{}{}{},)"
      R"("currency_pair":"{}","type":"{}","account":"spot","side":"{}","amount":"{}","price":"{}","time_in_force":"{}","iceberg":"0","left":"{}",)",
      o.number, paper::quoted(text_of(o)), to_epoch_seconds(o.created_at), to_epoch_seconds(o.updated_at), ms_quote, o.created_at.ms(), ms_quote,
      ms_quote, o.updated_at.ms(), ms_quote, pair_of(i), o.type == order_type::market ? "market" : "limit", o.side == side::buy ? "buy" : "sell",
      amount.to_string(), o.price.to_string(), tif_of(o), left.to_string());
  out += fmt::format(
      R"("filled_amount":"{}","fill_price":"{}","filled_total":"{}","avg_deal_price":"{}","fee":"{}","fee_currency":"{}","point_fee":"0","gt_fee":"0",)"
      R"("gt_maker_fee":"0","gt_taker_fee":"0","gt_discount":false,"rebated_fee":"0","rebated_fee_currency":"{}","finish_as":"{}")",
      o.filled_quantity.to_string(), o.filled_notional.to_string(), o.filled_notional.to_string(), fixed(average, 8), fee.to_string(),
      o.side == side::buy ? i.base_asset : i.quote_asset, o.side == side::buy ? i.quote_asset : i.base_asset, finish_of(o));
  if (event.empty()) return out + fmt::format(R"(,"status":"{}"}})", status_of(o));
  return out + fmt::format(R"(,"event":"{}","user":{},"stp_id":0,"stp_act":"-"}})", event, to_index(o.account) + 1'000'000);
}

std::string gate_dialect::render_fill(const paper_order& o, const execution& e, bool streamed) const {
  const auto mark = streamed ? "" : "\"";
  auto out = fmt::format(
      R"({{"id":{}{}{},"create_time":{}{}{},"create_time_ms":"{}.000000","currency_pair":"{}","side":"{}","role":"{}","amount":"{}","price":"{}",)"
      R"("order_id":"{}","fee":"{}","fee_currency":"{}","point_fee":"0","gt_fee":"0","amend_text":"-","text":{})",
      mark, e.trade_id, mark, mark, to_epoch_seconds(e.at), mark, e.at.ms(), pair_of(venue(), e.instrument), e.side == side::buy ? "buy" : "sell",
      e.maker ? "maker" : "taker", e.quantity.to_string(), e.price.to_string(), e.order, e.fee.to_string(),
      venue().engine().asset_name(e.fee_asset), paper::quoted(text_of(o)));
  if (streamed) return out + fmt::format(R"(,"user_id":{}}})", to_index(o.account) + 1'000'000);
  return out + fmt::format(R"(,"sequence_id":"{}"}})", e.trade_id);
}

std::string gate_dialect::render_accounts(const api_account& account) const {
  std::vector<std::string> out;
  for (const auto& h : venue().engine().account(account.number).balances.holdings())
    out.push_back(fmt::format(R"({{"currency":"{}","available":"{}","locked":"{}","update_id":0}})", venue().engine().asset_name(h.asset),
                              h.free.to_string(), h.locked.to_string()));
  return join_list(out);
}

}  // namespace drover::exchanges::paper::gate
