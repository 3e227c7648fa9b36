#include "web/api/handlers.hpp"
#include "web/bot_reason.hpp"
#include "web/connection_health.hpp"
#include "web/json_writer.hpp"
#include "web/query_reader.hpp"

namespace drover::web::api {

namespace {

void write_ms(json_writer& w, std::string_view name, const std::optional<milliseconds>& value) {
  w.key(name);
  value ? w.value(static_cast<std::int64_t>(value->count())) : w.null();
}

void write_figures(json_writer& w, std::string_view name, const connection_figures& f) {
  w.key(name).begin_object();
  write_ms(w, "message_age_ms", f.message_age);
  write_ms(w, "latency_last_ms", f.latency_last);
  write_ms(w, "latency_median_ms", f.latency_median);
  w.member("requests", f.requests)
      .member("errors", f.errors)
      .member("breaker", f.breaker)
      .member("reason", f.reason)
      .end_object();
}

void write_probe(json_writer& w, const connection_health* known) {
  w.key("probe");
  if (known == nullptr || !known->last_probe) {
    w.null();
    return;
  }
  const auto& p = *known->last_probe;
  w.begin_object()
      .member("at", p.at)
      .member("took_ms", static_cast<std::int64_t>(p.took.count()))
      .member("passed", p.passed);
  w.member("reason", p.reason).member("read", p.read).member("trade", p.trade).member("withdraw", p.withdraw);
  w.member("address_bound", p.address_bound).end_object();
}

}  // namespace

/// GET /user/exchanges/{id}/health: how the account's connection is doing and why.
task<answer> handle_account_health(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  query_reader query(r);
  if (auto wrong = query.finish()) co_return refuse(std::move(*wrong));
  auto found = co_await s.parts.accounts.store().get(r.caller_id(), account_id(*id));
  if (!found) co_return refuse(found.error());
  const auto known = co_await read_health(s, found->id);
  const auto verdict = judge_health(describe_bot(*found, s.parts.board), known.get());
  json_writer w(1024);
  w.begin_object()
      .member("account_id", found->id)
      .member("exchange_name", found->exchange_name)
      .member("state", verdict.state);
  w.key("reasons").begin_array();
  for (const auto& reason : verdict.reasons) w.value(reason);
  w.end_array();
  write_probe(w, known.get());
  const connection_health nothing_known;
  const auto& shown = known ? *known : nothing_known;
  write_figures(w, "account", shown.account);
  write_figures(w, "exchange", shown.venue);
  write_ms(w, "market_data_age_ms", shown.market_data_age);
  write_ms(w, "banned_for_ms", shown.banned_for);
  w.member("clock_offset_ms", static_cast<std::int64_t>(shown.clock_offset.count())).end_object();
  co_return json_response(200, w.take());
}

}  // namespace drover::web::api
