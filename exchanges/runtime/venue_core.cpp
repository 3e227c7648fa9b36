#include "exchanges/runtime/venue_core.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "exchanges/runtime/account_streams.hpp"
#include "exchanges/runtime/steady_part.hpp"

namespace drover::exchanges {

namespace {

const logger log("exchanges");

rate_options make_rate_options(const exchange_config& config) {
  constexpr double percent = 100.0;
  rate_options options;
  options.share = config.limit_percent / percent;
  options.source_addresses = config.source_addresses;
  return options;
}

void settle_address(std::string& configured, std::string_view known) {
  if (configured.empty()) configured = known;
  while (configured.ends_with('/')) configured.pop_back();
}

}  // namespace

result<exchange_config> resolve_addresses(exchange_config config, const venue_traits& traits) {
  venue_urls known = traits.live;
  if (config.region == venue_region::testnet) known = traits.testnet.value_or(venue_urls{});
  settle_address(config.rest_url, known.rest);
  settle_address(config.stream_url, known.market_stream);
  settle_address(config.ws_api_url, known.private_stream);
  const bool streams_given = (!config.stream_url.empty() || traits.public_stream_needs_access) &&
                             (!config.ws_api_url.empty() || traits.private_stream_needs_access);
  if (!config.rest_url.empty() && streams_given) return config;
  return fail(errc::out_of_range, "exchange " + config.name + ": " + std::string(traits.name) +
                                      " has no such network; set rest_url, stream_url and ws_api_url");
}

venue_core::venue_core(const exchange_config& config, const exchange_parts& parts, std::unique_ptr<venue_protocol> protocol,
                       private_feed_factory make_feed)
    : config_(config),
      parts_(parts),
      protocol_(std::move(protocol)),
      farewell_done_(parts.executor),
      scope_(parts.executor, config.name),
      ledger_(parts.executor, parts.timers, protocol_->traits().rules, make_rate_options(config)),
      gateway_(*protocol_, config_, parts_, ledger_),
      clock_(parts.executor, parts.timers, [this] { return fetch_server_time(); },
             [this](milliseconds offset) { ledger_.set_clock_offset(offset); }),
      instruments_(scope_, parts.timers, [this] { return load_instruments(); }),
      market_(make_feed_parts()) {
  gateway_.use(clock_, instruments_);
  streams_ = make_feed ? make_feed(make_feed_parts()) : std::make_unique<account_streams>(make_feed_parts());
}

feed_parts venue_core::make_feed_parts() {
  return {*protocol_, config_, parts_, scope_, gateway_, ledger_, clock_, instruments_, stream_gate_};
}

void venue_core::start() {
  if (std::exchange(started_, true)) return;
  spawn_steadily(scope_, "clock", config_.name, parts_, [this] { return clock_.run(); });
}

task<void> venue_core::stop() {
  const auto deadline = parts_.timers.get_clock().now() + farewell_limit;
  bool in_time = true;
  while (farewells_ > 0 && in_time) in_time = co_await farewell_done_.wait_until(parts_.timers, deadline);
  instruments_.stop();
  scope_.stop();
  co_await scope_.join();
}

task<void> venue_core::run_farewell(task<void> work) {
  try {
    co_await std::move(work);
  } catch (const std::exception& e) {
    if (!scope_.stopping()) log.error("a farewell failed", {{"exchange", config_.name}, {"err", e.what()}});
  }
  --farewells_;
  farewell_done_.notify();
}

void venue_core::spawn_farewell(task<void> work) {
  if (scope_.stopping()) return;
  ++farewells_;
  scope_.spawn("farewell", run_farewell(std::move(work)));
}

task<result<wall_time>> venue_core::fetch_server_time() {
  venue_call ask;
  ask.op = operation::server_time;
  auto answer = co_await gateway_.call(std::move(ask), lane::entry);
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  if (const auto* time = std::get_if<wall_time>(&*answer)) co_return *time;
  co_return fail(exchange_errc::protocol, "server time: unexpected answer");
}

task<result<std::vector<instrument>>> venue_core::load_instruments() {
  venue_call ask;
  ask.op = operation::instruments;
  auto answer = co_await gateway_.call(std::move(ask), lane::entry);
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  if (auto* list = std::get_if<std::vector<instrument>>(&*answer)) co_return std::move(*list);
  co_return fail(exchange_errc::protocol, "instruments: unexpected answer");
}

exchange::health venue_core::get_health() const {
  exchange::health out;
  const auto now = parts_.timers.get_clock().now();
  out.reconnects = streams_->reconnects() + market_.reconnects();
  out.market_data_age = market_.silence(now);
  out.weight_used_ratio = ledger_.used_ratio();
  if (const auto left = ledger_.banned_for()) out.banned_for = std::chrono::ceil<milliseconds>(*left);
  out.connection = gateway_.read_health();
  if (out.connection.reason.empty()) out.connection.reason = market_.describe_refusals();
  if (const auto frame = market_.last_frame_at()) {
    const auto age = std::chrono::ceil<milliseconds>(now - *frame);
    out.connection.message_age = std::min(out.connection.message_age.value_or(age), age);
  }
  return out;
}

}  // namespace drover::exchanges
