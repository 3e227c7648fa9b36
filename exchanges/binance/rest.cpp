#include "exchanges/binance/rest.hpp"

#include <charconv>
#include <utility>

#include "exchanges/binance/errors.hpp"
#include "exchanges/binance/parse.hpp"
#include "exchanges/binance/signing.hpp"

namespace drover::exchanges::binance {

namespace {

std::string trim_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::vector<rate_charge> make_charges(const endpoint& to) {
  std::vector<rate_charge> charges{{rules::request_weight, to.weight}, {rules::raw_requests, 1}};
  if (to.label == endpoints::place_order.label) {
    charges.push_back({rules::orders_10s, 1});
    charges.push_back({rules::orders_1d, 1});
  }
  return charges;
}

}  // namespace

rest_api::rest_api(const exchange_config& config, const exchange_parts& parts, rate_ledger& ledger)
    : base_url_(trim_slash(config.rest_url)),
      parts_(parts),
      ledger_(ledger),
      channel_(config, parts, ledger, [this](const rest_call& call, const rate_grant& grant, const client_response& answer) {
        observe(call, grant, answer);
      }) {}

wall_time rest_api::server_now() const {
  auto offset = clock_ ? clock_->offset() : milliseconds{0};
  return parts_.timers.get_clock().wall_now() + offset;
}

void rest_api::observe(const rest_call& call, const rate_grant& grant, const client_response& answer) {
  limit_report report;
  int used = 0;
  auto header = find_header(answer.headers, "X-MBX-USED-WEIGHT-1M");
  auto [end, failure] = std::from_chars(header.data(), header.data() + header.size(), used);
  if (failure == std::errc() && used > 0) report.readings.push_back({rules::request_weight, used, std::nullopt, std::nullopt});
  if (concerns_everybody(answer))
    report.address_ban = classify_answer(request_kind::read, answer, server_now()).retry_after;
  ledger_.apply(report, grant, call.account);
}

result<std::string> rest_api::to_body(const endpoint& to, client_response answer) {
  if (answer.status >= 200 && answer.status < 300) return std::move(answer.body);
  auto e = classify_answer(to.kind, answer, server_now());
  if (e.code == make_error_code(exchange_errc::clock_skew) && clock_) clock_->refresh();
  return std::unexpected(std::move(e));
}

task<result<std::string>> rest_api::call_public(endpoint to, std::string params, lane l,
                                                std::size_t response_limit_bytes) {
  rest_call call{to.label, to.kind, l, make_charges(to), {}, response_limit_bytes};
  auto build = [this, to, params = std::move(params)]() -> result<client_request> {
    client_request request;
    request.method = to.method;
    request.url = base_url_ + std::string(to.path);
    if (!params.empty()) request.url += '?' + params;
    return request;
  };
  rest_channel::request_builder builder = std::move(build);
  auto answer = co_await channel_.send(std::move(call), std::move(builder));
  if (!answer) co_return std::unexpected(answer.error());
  co_return to_body(to, std::move(*answer));
}

result<client_request> rest_api::build_signed(const signed_call& call, const credential_source& open_keys) const {
  auto keys = open_keys();
  if (!keys) return fail(exchange_errc::not_sent, keys.error().to_string());
  auto text = sign_params(keys->api_secret, call.params, server_now().ms(), call.receive_window);
  client_request request;
  request.method = call.to.method;
  request.url = base_url_ + std::string(call.to.path);
  request.headers.emplace_back("X-MBX-APIKEY", keys->api_key.reveal());
  if (call.to.method == "POST") {
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    request.body = std::move(text);
  } else {
    request.url += '?';
    request.url += text;
  }
  return request;
}

task<result<std::string>> rest_api::call_signed(signed_call call, credential_source keys) {
  if (clock_) co_await clock_->wait_for_first();
  rest_call outer{call.to.label, call.to.kind, call.lane, make_charges(call.to), call.account};
  rest_channel::request_builder builder = [this, &call, &keys] { return build_signed(call, keys); };
  auto answer = co_await channel_.send(std::move(outer), std::move(builder));
  if (!answer) co_return std::unexpected(answer.error());
  co_return to_body(call.to, std::move(*answer));
}

task<result<wall_time>> rest_api::fetch_server_time() {
  constexpr std::size_t answer_limit = 64 * 1024;
  std::string no_params;
  auto body = co_await call_public(endpoints::server_time, std::move(no_params), lane::protective, answer_limit);
  if (!body) co_return std::unexpected(body.error());
  co_return parse_server_time(*body);
}

}  // namespace drover::exchanges::binance
