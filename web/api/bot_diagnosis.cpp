#include "engine/bots/bot_service.hpp"
#include "engine/bots/diagnosis.hpp"
#include "web/api/bot_json.hpp"
#include "web/api/handlers.hpp"
#include "web/json_writer.hpp"

namespace drover::web::api {

namespace {

net::http_response respond_with(const engine::diagnosis_facts& facts, const engine::bot_status& status) {
  const auto checks = engine::diagnose(facts);
  json_writer w(4096);
  w.begin_object().member("bot_id", facts.bot.id).member("state", to_string(status.state)).member("reason", status.reason);
  w.key("checks").begin_array();
  for (const auto& c : checks) {
    w.begin_object().member("check", c.check).member("ok", c.ok).member("detail", c.detail);
    w.member("what_to_do", c.what_to_do).end_object();
  }
  w.end_array().end_object();
  return json_response(200, w.take());
}

}  // namespace

/// GET /api/bots/{id}/diagnosis: why the bot does not trade, as a chain of checks in their order.
task<answer> handle_diagnose_bot(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto found = co_await s.parts.bots->store().get(r.caller_id(), bot_id(*id));
  if (!found) co_return refuse(found.error());
  auto account = co_await s.parts.accounts.store().get(r.caller_id(), found->account);
  if (!account) co_return refuse(account.error());
  auto reports = co_await read_reports(s, found->account, found->id);
  auto status = s.parts.board.find(found->id);
  const auto shown = describe_bot(*found, s.parts.board);
  engine::diagnosis_facts facts{.bot = std::move(*found),
                                .account = std::move(*account),
                                .status = std::move(status),
                                .connection = std::move(reports.connection),
                                .report = std::move(reports.bot)};
  co_return respond_with(facts, shown);
}

}  // namespace drover::web::api
