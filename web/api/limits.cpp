#include "web/api/handlers.hpp"
#include "web/json_writer.hpp"
#include "web/query_reader.hpp"

namespace drover::web::api {

namespace {

std::int64_t ms_of(nanoseconds d) { return std::chrono::ceil<milliseconds>(d).count(); }

void write_level(json_writer& w, const limit_level& l) {
  w.member("rule", l.rule).member("scope", l.scope).member("model", l.model);
  w.member("used", l.used).member("limit", l.limit);
  w.member("window_ms", ms_of(l.window)).member("resets_in_ms", ms_of(l.resets_in));
}

void write_ban(json_writer& w, const std::optional<nanoseconds>& left) {
  w.key("banned_for_ms");
  left ? w.value(ms_of(*left)) : w.null();
}

void write_sources(json_writer& w, const exchange_limits& e) {
  w.key("addresses").begin_array();
  for (const auto& source : e.sources) {
    w.begin_object().member("address", source.address.empty() ? std::string("default") : source.address);
    write_ban(w, source.banned_for);
    w.key("rules").begin_array();
    for (const auto& level : source.levels) {
      w.begin_object();
      write_level(w, level);
      w.end_object();
    }
    w.end_array().end_object();
  }
  w.end_array();
}

void write_lanes(json_writer& w, const exchange_limits& e) {
  w.key("lanes").begin_array();
  for (const auto& lane : e.lanes) {
    w.begin_object().member("lane", lane.name).member("waiting", lane.waiting);
    w.member("granted", lane.granted).member("refused", lane.refused);
    w.member("waited_ms", ms_of(lane.waited)).member("longest_wait_ms", ms_of(lane.longest_wait)).end_object();
  }
  w.end_array();
}

void write_accounts(json_writer& w, const exchange_limits& e) {
  w.key("hottest_accounts").begin_array();
  for (const auto& account : e.hottest_accounts) {
    w.begin_object().member("account", account.id);
    w.key("symbol");
    account.symbol.empty() ? w.null() : w.value(account.symbol);
    write_level(w, account.level);
    w.end_object();
  }
  w.end_array();
}

}  // namespace

/// GET /admin/exchanges/limits: how full the request budgets of the exchanges are, and who waits.
task<answer> handle_exchange_limits(request& r, services& s) {
  query_reader query(r);
  if (auto wrong = query.finish()) co_return refuse(std::move(*wrong));
  auto report = co_await read_limits(s);
  json_writer w(4096);
  w.begin_object().key("at");
  report ? w.value(report->at) : w.null();
  w.key("exchanges").begin_array();
  if (report)
    for (const auto& e : report->exchanges) {
      w.begin_object().member("exchange", e.exchange);
      write_sources(w, e);
      write_lanes(w, e);
      write_accounts(w, e);
      w.member("address_bans", e.address_bans).member("account_bans", e.account_bans);
      w.member("banned_accounts", e.banned_accounts).end_object();
    }
  w.end_array().end_object();
  co_return json_response(200, w.take());
}

}  // namespace drover::web::api
