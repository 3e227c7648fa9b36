#include "exchanges/paper/state_file.hpp"

#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace drover::exchanges::paper {

namespace {

/// 2: accounts belong to venues, orders have fee locks and reasons. Files of version 1 are read as Binance's.
constexpr int format_version = 2, oldest_version = 1;
/// Of an order in version 1.
constexpr std::size_t first_columns = 15;
constexpr std::string_view first_venue = "binance";

json save_order(const matching_engine& e, const paper_order& o) {
  return {o.number, e.get_instrument(o.instrument).venue_symbol, static_cast<int>(o.side), static_cast<int>(o.type), static_cast<int>(o.tif),
          static_cast<int>(o.status), o.expired_in_match, o.price.to_string(), o.quantity.to_string(), o.quote_quantity.to_string(),
          o.filled_quantity.to_string(), o.filled_notional.to_string(), o.client_id, o.created_at.ms(), o.updated_at.ms(), o.locked_fee.to_string(), o.cancelled_as_taker,
          o.rejected_for ? static_cast<int>(*o.rejected_for) : -1};
}

json save_fill(const matching_engine& e, const execution& f) {
  return {f.trade_id, f.order, e.get_instrument(f.instrument).venue_symbol, static_cast<int>(f.side), f.price.to_string(),
          f.quantity.to_string(), f.fee.to_string(), e.asset_name(f.fee_asset), f.maker, f.at.ms()};
}

json save_account(const simulated_venue& v, const api_account& a) {
  const auto& e = v.engine();
  const auto& book = e.account(a.number);
  json holdings = json::array(), orders = json::array(), fills = json::array();
  for (const auto& h : book.balances.holdings()) holdings.push_back({e.asset_name(h.asset), h.free.to_string(), h.locked.to_string()});
  for (const auto number : book.orders) orders.push_back(save_order(e, *e.find_order(number)));
  for (const auto& f : book.fills) fills.push_back(save_fill(e, f));
  const auto& p = a.permissions;
  return {{"venue", a.venue}, {"api_key", a.api_key}, {"api_secret", a.api_secret}, {"passphrase", a.passphrase}, {"public_key", a.public_key},
          {"key_version", a.key_version}, {"addresses", a.addresses}, {"expires_at", a.expires_at ? a.expires_at->ms() : -1},
          {"created_at", a.created_at.ms()}, {"permissions", {p.read, p.trade, p.withdraw, p.ip_restrict}},
          {"holdings", std::move(holdings)}, {"orders", std::move(orders)}, {"fills", std::move(fills)}};
}

/// Thrown and caught in this file only.
struct bad_state {
  std::string what;
};

decimal number(const json& text) {
  auto value = decimal::parse(text.get_ref<const std::string&>());
  if (!value) throw bad_state{"a number cannot be read"};
  return *value;
}

instrument_number instrument(const matching_engine& e, const json& name) {
  const auto n = e.find_instrument(name.get_ref<const std::string&>());
  if (!n) throw bad_state{"it has " + name.get<std::string>() + ", which is not among the instruments"};
  return *n;
}

paper_order restore_order(const matching_engine& e, account_number owner, const json& row) {
  paper_order o;
  o.number = row.at(0);
  o.account = owner;
  o.instrument = instrument(e, row.at(1));
  o.side = static_cast<side>(row.at(2).get<int>());
  o.type = static_cast<order_type>(row.at(3).get<int>());
  o.tif = static_cast<time_in_force>(row.at(4).get<int>());
  o.status = static_cast<order_status>(row.at(5).get<int>());
  o.expired_in_match = row.at(6);
  o.price = number(row.at(7));
  o.quantity = number(row.at(8));
  o.quote_quantity = number(row.at(9));
  o.filled_quantity = number(row.at(10));
  o.filled_notional = number(row.at(11));
  o.client_id = row.at(12);
  o.created_at = wall_time::from_ms(row.at(13));
  o.updated_at = wall_time::from_ms(row.at(14));
  if (row.size() <= first_columns) return o;
  o.locked_fee = number(row.at(15));
  o.cancelled_as_taker = row.at(16);
  if (const int why = row.at(17); why >= 0) o.rejected_for = static_cast<refusal>(why);
  return o;
}

execution restore_fill(matching_engine& e, const json& row) {
  execution f;
  f.trade_id = row.at(0);
  f.order = row.at(1);
  f.instrument = instrument(e, row.at(2));
  f.side = static_cast<side>(row.at(3).get<int>());
  f.price = number(row.at(4));
  f.quantity = number(row.at(5));
  f.fee = number(row.at(6));
  f.fee_asset = e.intern_asset(row.at(7).get_ref<const std::string&>());
  f.maker = row.at(8);
  f.at = wall_time::from_ms(row.at(9));
  return f;
}

account_request restore_request(const json& saved) {
  const auto& p = saved.at("permissions");
  account_request out{.venue = saved.value("venue", std::string(first_venue)), .api_key = saved.at("api_key"), .api_secret = saved.at("api_secret"),
                      .passphrase = saved.value("passphrase", ""), .key_version = saved.value("key_version", 0), .public_key = saved.value("public_key", ""),
                      .permissions = {p.at(0), p.at(1), p.at(2), p.at(3)}};
  if (saved.contains("addresses")) out.addresses = saved.at("addresses").get<std::vector<std::string>>();
  if (const auto ms = saved.value("expires_at", std::int64_t{-1}); ms >= 0) out.expires_at = wall_time::from_ms(ms);
  return out;
}

void restore_account(simulated_venue& v, const json& saved) {
  auto opened = v.restore_account(restore_request(saved));
  if (!opened) throw bad_state{"an account: " + opened.error().detail};
  auto* a = *opened;
  a->created_at = wall_time::from_ms(saved.value("created_at", std::int64_t{0}));
  auto& e = v.engine_to_restore();
  for (const auto& h : saved.at("holdings"))
    e.restore_holding(a->number, {e.intern_asset(h.at(0).get_ref<const std::string&>()), number(h.at(1)), number(h.at(2))});
  for (const auto& row : saved.at("orders")) e.restore_order(restore_order(e, a->number, row));
  for (const auto& row : saved.at("fills")) e.restore_fill(a->number, restore_fill(e, row));
}

}  // namespace

std::string save_state(const simulated_venue& v) {
  const auto& e = v.engine();
  json markets = json::object(), accounts = json::array(), fees = json::object();
  for (std::size_t i = 0; i < e.asset_count(); ++i) fees[e.asset_name(static_cast<asset_number>(i))] = e.collected_fees()[i].to_string();
  for (std::size_t i = 0; i < e.instrument_count(); ++i) {
    const auto n = static_cast<instrument_number>(i);
    markets[e.get_instrument(n).venue_symbol] = {e.last_trade_id(n), e.last_price(n).to_string()};
  }
  for (const auto& a : v.accounts().all()) accounts.push_back(save_account(v, a));
  return json{{"version", format_version}, {"last_order", e.last_order_number()}, {"markets", std::move(markets)},
              {"fees", std::move(fees)}, {"accounts", std::move(accounts)}}
      .dump();
}

result<void> restore_state(simulated_venue& v, std::string_view text) {
  try {
    const auto saved = json::parse(text);
    const int version = saved.at("version");
    if (version < oldest_version || version > format_version) return fail(errc::malformed, "state file: written by another version");
    auto& e = v.engine_to_restore();
    std::vector<std::int64_t> last_trades(e.instrument_count());
    for (const auto& [symbol, market] : saved.at("markets").items()) {
      const auto n = e.find_instrument(symbol);
      if (!n) continue;
      last_trades[to_index(*n)] = market.at(0);
      e.set_reference_price(*n, number(market.at(1)));
    }
    for (const auto& [asset, amount] : saved.at("fees").items()) e.restore_fees(e.intern_asset(asset), number(amount));
    for (const auto& a : saved.at("accounts")) restore_account(v, a);
    e.restore_counters(saved.at("last_order"), last_trades);
  } catch (const bad_state& bad) {
    return fail(errc::malformed, "state file: " + bad.what);
  } catch (const json::exception&) {
    return fail(errc::malformed, "state file: not what the paper exchange writes");
  }
  return {};
}

}  // namespace drover::exchanges::paper
