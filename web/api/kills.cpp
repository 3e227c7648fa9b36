#include <limits>

#include "web/api/control_json.hpp"
#include "web/api/handlers.hpp"
#include "web/body_reader.hpp"
#include "web/control_calls.hpp"
#include "web/query_reader.hpp"

namespace drover::web::api {

namespace {

using engine::halt_scope;
using engine::trading_control;

constexpr std::int64_t any_id = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t word_limit = 64;
constexpr std::string_view key_header = "Idempotency-Key";

net::http_response respond_with(int status, const engine::kill& k) {
  json_writer w(1024);
  write_kill(w, k);
  return json_response(status, w.take());
}

halt_scope read_scope(body_reader& body) {
  halt_scope scope;
  const auto type = body.required_text("scope", word_limit);
  const auto what = engine::parse_halt_kind(type);
  if (!what && !type.empty()) body.complain("scope", "must be bot, account, user, exchange or all");
  scope.what = what.value_or(halt_scope::kind::all);
  scope.id = body.optional_integer("id", 1, any_id).value_or(0);
  scope.name = body.optional_text("exchange", word_limit).value_or("");
  if (!what) return scope;
  const bool has_id = *what == halt_scope::kind::bot || *what == halt_scope::kind::account;
  const bool may_have_id = has_id || *what == halt_scope::kind::user;
  if (has_id && scope.id == 0) body.complain("id", "is required: which " + std::string(to_string(*what)));
  if (!may_have_id && scope.id != 0) body.complain("id", "is of scope bot, account or user only");
  const bool named = *what == halt_scope::kind::exchange;
  if (named && scope.name.empty()) body.complain("exchange", "is required: its name");
  if (!named && !scope.name.empty()) body.complain("exchange", "is of scope exchange only");
  return scope;
}

engine::kill_request read_kill(const request& r, body_reader& body) {
  engine::kill_request wanted;
  const auto verb = engine::parse_halt_verb(body.required_text("verb", word_limit));
  if (!verb) body.complain("verb", "must be halt, cancel or flatten");
  wanted.verb = verb.value_or(engine::halt_verb::halt);
  wanted.scope = read_scope(body);
  wanted.reason = body.optional_text("reason", trading_control::reason_limit).value_or("");
  wanted.key = std::string(find_header(r.http.headers, key_header));
  if (wanted.key.size() > trading_control::key_limit) body.complain("Idempotency-Key", "must not be longer than 64 characters");
  return wanted;
}

}  // namespace

/// POST /api/kill: stops trading in a scope, at once, and answers with a receipt. It holds until it is released.
task<answer> handle_kill(request& r, services& s) {
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  auto wanted = read_kill(r, *body);
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto done = co_await on_trading(s, get_control(s).kill(caller_of(r), std::move(wanted)));
  if (!done) co_return refuse(done.error());
  co_return respond_with(200, *done);
}

/// GET /api/kill?active=&limit=: the caller's stops, newest first; everybody's for an administrator.
task<answer> handle_list_kills(request& r, services& s) {
  query_reader query(r);
  const auto active = query.text("active", word_limit);
  const auto limit = static_cast<int>(query.integer("limit", 50, 1, 200));
  if (active && *active != "true" && *active != "false") query.complain("active", "must be true or false");
  if (auto wrong = query.finish()) co_return refuse(std::move(*wrong));
  auto found = co_await on_trading(s, get_control(s).list(caller_of(r), active == "true", limit));
  if (!found) co_return refuse(found.error());
  json_writer w(256 + found->size() * 768);
  w.begin_object().key("items").begin_array();
  for (const auto& k : *found) write_kill(w, k);
  w.end_array().end_object();
  co_return json_response(200, w.take());
}

/// GET /api/kill/{id}: with its receipt as of now.
task<answer> handle_get_kill(request& r, services& s) {
  const auto id = uuid::parse(r.parameters[0]);
  if (!id) co_return refuse(make_not_found());
  auto found = co_await on_trading(s, get_control(s).get(caller_of(r), *id));
  if (!found) co_return refuse(found.error());
  co_return respond_with(200, *found);
}

/// POST /api/kill/{id}/release: bots of the scope go on.
task<answer> handle_release_kill(request& r, services& s) {
  const auto id = uuid::parse(r.parameters[0]);
  if (!id) co_return refuse(make_not_found());
  auto done = co_await on_trading(s, get_control(s).release(caller_of(r), *id));
  if (!done) co_return refuse(done.error());
  co_return respond_with(200, *done);
}

}  // namespace drover::web::api
