#include "exchanges/rest_channel.hpp"

#include <array>
#include <utility>

namespace drover::exchanges {

namespace {

/// How long a request may wait for the venue's budget. An entry that is late is better not sent; reconciling ten thousand
/// accounts takes its time.
nanoseconds ledger_patience(lane l) {
  constexpr std::array<nanoseconds, 5> table{10s, 10s, 3s, 5min, 30s};
  return table[static_cast<std::size_t>(l)];
}

}  // namespace

error map_transport_error(const error& e) {
  if (e.code == make_error_code(transport_errc::not_sent)) return {exchange_errc::not_sent, e.detail};
  return {exchange_errc::unknown_outcome, e.detail};
}

rest_channel::rest_channel(const exchange_config& config, const exchange_parts& parts, rate_ledger& ledger,
                           answer_observer observe)
    : stream_(config.name + ".rest"),
      request_timeout_(config.request_timeout),
      parts_(parts),
      ledger_(ledger),
      observe_(std::move(observe)) {}

task<result<client_response>> rest_channel::send(rest_call call, request_builder build) {
  const auto& clock = parts_.timers.get_clock();
  auto patience = clock.now() + ledger_patience(call.lane);
  auto grant = co_await ledger_.acquire(call.lane, call.charges, call.account, {}, patience);
  if (!grant) co_return std::unexpected(grant.error());

  auto request = build();
  if (!request) co_return std::unexpected(request.error());
  request->deadline = request_timeout_;
  request->response_limit_bytes = call.response_limit_bytes;
  request->source_address = ledger_.source_address(grant->source);

  auto sent_at = clock.wall_now();
  auto answer = co_await parts_.http.send(std::move(*request));
  if (!answer) {
    auto reason = std::string(call.endpoint) + ": " + answer.error().to_string();
    parts_.recorder.record_gap(stream_, sent_at, clock.wall_now(), reason);
    co_return std::unexpected(map_transport_error(answer.error()));
  }
  parts_.recorder.record({raw_kind::rest_response, stream_, call.endpoint, call.account, answer->status, answer->body});
  observe_(call, *grant, *answer);
  co_return std::move(*answer);
}

}  // namespace drover::exchanges
