#include <fmt/format.h>

#include <array>

#include "exchanges/paper/binance/binance_dialect.hpp"
#include "exchanges/paper/binance/render.hpp"

namespace drover::exchanges::paper::binance {

namespace {

// GET /api/v3/account: balances and commissions. `canWithdraw` is the account's flag, not the key's, as at the venue.
answer query_account(call& c) {
  const auto& engine = c.venue.engine();
  const auto& config = c.venue.config();
  const bool omit_zero = c.params.text("omitZeroBalances") == "true";
  const auto rate = [](int basis_points) { return eight(decimal::divide(decimal(basis_points), decimal(10'000))); };
  std::string out = fmt::format(
      R"({{"makerCommission":{},"takerCommission":{},"buyerCommission":0,"sellerCommission":0,"commissionRates":{{"maker":"{}",)"
      R"("taker":"{}","buyer":"0.00000000","seller":"0.00000000"}},"canTrade":true,"canWithdraw":true,"canDeposit":true,)"
      R"("brokered":false,"requireSelfTradePrevention":false,"preventSor":false,"updateTime":{},"accountType":"SPOT","balances":[)",
      config.maker_fee_basis_points, config.taker_fee_basis_points, rate(config.maker_fee_basis_points),
      rate(config.taker_fee_basis_points), c.venue.now().ms());
  bool first = true;
  for (const auto& h : engine.account(c.account->number).balances.holdings()) {
    if (omit_zero && h.free.is_zero() && h.locked.is_zero()) continue;
    fmt::format_to(std::back_inserter(out), R"({}{{"asset":"{}","free":"{}","locked":"{}"}})", first ? "" : ",",
                   engine.asset_name(h.asset), eight(h.free), eight(h.locked));
    first = false;
  }
  fmt::format_to(std::back_inserter(out), R"(],"permissions":["SPOT"],"uid":{}}})", to_index(c.account->number) + 1);
  return out;
}

// GET /api/v3/rateLimit/order: the account's order counts.
answer query_order_counts(call& c) {
  const auto counts = c.dialect.limits().get_order_counts(c.account->number, c.venue.now());
  return fmt::format(
      R"([{{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":{},"count":{}}},)"
      R"({{"rateLimitType":"ORDERS","interval":"DAY","intervalNum":1,"limit":{},"count":{}}}])",
      c.dialect.limits().orders_10s_limit(), counts.ten_seconds, c.dialect.limits().orders_1d_limit(), counts.day);
}

// GET /sapi/v1/account/apiRestrictions: what this key may do.
answer query_restrictions(call& c) {
  const auto& p = c.account->permissions;
  return fmt::format(
      R"({{"ipRestrict":{},"createTime":1700000000000,"enableInternalTransfer":false,"enableFutures":false,)"
      R"("enablePortfolioMarginTrading":false,"enableVanillaOptions":false,"permitsUniversalTransfer":false,"enableReading":{},)"
      R"("enableFixApiTrade":false,"enableFixReadOnly":false,"enableMargin":false,"enableSpotAndMarginTrading":{},)"
      R"("enableWithdrawals":{}}})",
      p.ip_restrict, p.read, p.trade, p.withdraw);
}

// GET /sapi/v1/capital/config/getall: the coins, without networks.
answer query_coins(call& c) {
  const auto& engine = c.venue.engine();
  std::string out = "[";
  for (std::size_t i = 0; i < engine.asset_count(); ++i) {
    const auto asset = static_cast<asset_number>(i);
    const auto& balances = engine.account(c.account->number).balances;
    decimal locked;
    for (const auto& h : balances.holdings())
      if (h.asset == asset) locked = h.locked;
    fmt::format_to(std::back_inserter(out),
                   R"({}{{"coin":"{}","name":"{}","depositAllEnable":true,"withdrawAllEnable":true,"free":"{}","locked":"{}",)"
                   R"("freeze":"0","withdrawing":"0","ipoing":"0","ipoable":"0","storage":"0","isLegalMoney":false,"trading":true,)"
                   R"("networkList":[]}})",
                   i == 0 ? "" : ",", engine.asset_name(asset), engine.asset_name(asset), eight(balances.free(asset)), eight(locked));
  }
  return out + "]";
}

// GET /sapi/v1/system/status: 1 while trading is halted.
answer query_system_status(call& c) {
  return c.venue.faults().in_maintenance() ? R"({"status":1,"msg":"system_maintenance"})" : R"({"status":0,"msg":"normal"})";
}

// GET of margin lists: there is no margin trading here.
answer empty_list(call&) { return "[]"; }

// GET of the futures' exchangeInfo: there are no futures here.
answer no_futures(call& c) {
  return fmt::format(R"({{"timezone":"UTC","serverTime":{},"rateLimits":[],"exchangeFilters":[],"assets":[],"symbols":[]}})",
                     c.venue.now().ms());
}

// /api/v3/userDataStream: gone; the WebSocket API's signature subscription took its place.
answer listen_key_gone(call&) {
  return std::unexpected(refused{410, -1020, "This endpoint is gone; use userDataStream.subscribe.signature on the WebSocket API."});
}

constexpr std::array routes{
    route{"GET", "/api/v3/account", access::read, query_account, 20},
    route{"GET", "/api/v3/rateLimit/order", access::read, query_order_counts, 40},
    route{"GET", "/sapi/v1/account/apiRestrictions", access::read, query_restrictions, 0},
    route{"GET", "/sapi/v1/capital/config/getall", access::read, query_coins, 0},
    route{"GET", "/sapi/v1/system/status", access::open, query_system_status, 0},
    route{"GET", "/sapi/v1/margin/allPairs", access::open, empty_list, 0},
    route{"GET", "/sapi/v1/margin/isolated/allPairs", access::open, empty_list, 0},
    route{"GET", "/fapi/v1/exchangeInfo", access::open, no_futures, 0},
    route{"GET", "/dapi/v1/exchangeInfo", access::open, no_futures, 0},
    route{"GET", "/eapi/v1/exchangeInfo", access::open, no_futures, 0},
    route{"POST", "/api/v3/userDataStream", access::open, listen_key_gone, 2},
    route{"PUT", "/api/v3/userDataStream", access::open, listen_key_gone, 2},
    route{"DELETE", "/api/v3/userDataStream", access::open, listen_key_gone, 2},
};

}  // namespace

std::span<const route> account_routes() { return routes; }

}  // namespace drover::exchanges::paper::binance
