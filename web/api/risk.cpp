#include "web/api/control_json.hpp"
#include "web/api/handlers.hpp"
#include "web/body_reader.hpp"
#include "web/control_calls.hpp"

namespace drover::web::api {

namespace {

constexpr std::size_t number_limit = 64;
constexpr std::int64_t most_orders = 1'000'000;

/// Decimals travel as strings; absent and null are not set.
std::optional<decimal> read_decimal(body_reader& body, std::string_view name) {
  auto text = body.optional_text(name, number_limit);
  if (!text) return std::nullopt;
  auto value = decimal::parse(*text);
  if (!value) body.complain(name, "must be a decimal number in a string, e.g. \"100.5\"");
  return value ? std::optional(*value) : std::nullopt;
}

std::optional<int> read_count(body_reader& body, std::string_view name) {
  auto value = body.optional_integer(name, 0, most_orders);
  return value ? std::optional(static_cast<int>(*value)) : std::nullopt;
}

answer respond_with(const result<engine::limits_view>& done) {
  if (!done) return refuse(done.error());
  json_writer w(1536);
  write_limits(w, *done);
  return json_response(200, w.take());
}

task<answer> read_and_set(request& r, services& s, account_id account) {
  auto body = body_reader::open(r);
  if (!body) co_return refuse(body.error());
  engine::limit_overrides wanted;
  wanted.max_order_notional = read_decimal(*body, "max_order_notional");
  wanted.max_open_orders = read_count(*body, "max_open_orders");
  wanted.max_position_notional = read_decimal(*body, "max_position_notional");
  wanted.max_daily_loss = read_decimal(*body, "max_daily_loss");
  wanted.price_collar = read_decimal(*body, "price_collar");
  wanted.max_orders_per_minute = read_count(*body, "max_orders_per_minute");
  if (auto wrong = body->finish()) co_return refuse(std::move(*wrong));
  auto done = co_await on_trading(s, get_control(s).set_limits(caller_of(r), account, std::move(wanted)));
  co_return respond_with(done);
}

}  // namespace

/// GET /api/accounts/{id}/risk: the account's limits, who set them, and what was realised today.
task<answer> handle_get_limits(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto found = co_await on_trading(s, get_control(s).limits(caller_of(r), account_id(*id)));
  co_return respond_with(found);
}

/// PUT /api/accounts/{id}/risk: an owner may only tighten; members that are left out go back to what holds without them.
task<answer> handle_set_limits(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  answer done = co_await read_and_set(r, s, account_id(*id));
  co_return done;
}

/// POST /admin/accounts/{id}/risk/clear: today's losses count no more, entries go on.
task<answer> handle_clear_loss(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  auto done = co_await on_trading(s, get_control(s).clear_loss(caller_of(r), account_id(*id)));
  co_return respond_with(done);
}

/// GET /admin/risk: limits of the whole engine.
task<answer> handle_get_engine_limits(request& r, services& s) {
  auto found = co_await on_trading(s, get_control(s).limits(caller_of(r), account_id{}));
  co_return respond_with(found);
}

/// PUT /admin/risk
task<answer> handle_set_engine_limits(request& r, services& s) {
  answer done = co_await read_and_set(r, s, account_id{});
  co_return done;
}

/// POST /admin/risk/clear: losses of all accounts together count anew.
task<answer> handle_clear_engine_loss(request& r, services& s) {
  auto done = co_await on_trading(s, get_control(s).clear_loss(caller_of(r), account_id{}));
  co_return respond_with(done);
}

}  // namespace drover::web::api
