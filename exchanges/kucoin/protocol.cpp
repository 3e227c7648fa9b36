#include "exchanges/kucoin/protocol.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "exchanges/kucoin/answers.hpp"
#include "exchanges/kucoin/endpoints.hpp"
#include "exchanges/kucoin/requests.hpp"
#include "exchanges/kucoin/signing.hpp"
#include "exchanges/kucoin/streams.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::kucoin {

namespace {

/// Documentation "Rate Limit": pools of weight per 30 s from the first request on, VIP 0; the answers' headers tell those who have
/// more. Public requests count by address, all others by account. WebSockets: 30 connects per minute. In the order of `rule`.
constexpr std::array rules{
    rate_rule{"spot_weight_30s", rate_scope::account, rate_model::sliding_window, 4'000, 30s},
    rate_rule{"management_weight_30s", rate_scope::account, rate_model::sliding_window, 2'000, 30s},
    rate_rule{"public_weight_30s", rate_scope::address, rate_model::sliding_window, 2'000, 30s},
    rate_rule{"ws_connects_1m", rate_scope::address, rate_model::sliding_window, 30, 60s},
};
constexpr std::array connect_costs{rate_charge{socket_connects, 1}};

/// A pool is whole again after its window at the latest.
constexpr nanoseconds longest_wait = 30s;

constexpr venue_traits traits_value{
    .name = "kucoin",
    .has_passphrase = true,
    // The streams' addresses come with the token.
    .live = {"https://api.kucoin.com", "", ""},
    .testnet = std::nullopt,
    .rules = rules,
    .connect_charges = connect_costs,
    .public_stream_needs_access = true,
    .private_stream_needs_access = true,
    .has_dead_man = true,
    .serial_nonce = false,
    .processing_bound = milliseconds(10'000),
    .visibility_delay = milliseconds(1'000),
};

int to_int(std::int64_t value) {
  return static_cast<int>(std::clamp<std::int64_t>(value, 0, std::numeric_limits<int>::max()));
}

class kucoin_protocol final : public venue_protocol {
 public:
  explicit kucoin_protocol(std::string key_version) : key_version_(std::move(key_version)) {}

  const venue_traits& traits() const override { return traits_value; }
  result<wire_request> make_request(const venue_call& call) const override { return make_wire_request(call); }
  result<client_request> sign(wire_request request, const credentials* keys, const signing_context& context) const override {
    return sign_request(std::move(request), keys, context, key_version_);
  }
  result<venue_reply> read_answer(const venue_call& call, const client_response& answer, const instrument_table&) const override {
    return read_venue_answer(call, answer);
  }
  limit_report read_limits(const wire_request&, const client_response&, wall_time) const override;
  std::unique_ptr<market_wire> make_market_wire() const override { return kucoin::make_market_wire(); }
  std::unique_ptr<private_wire> make_private_wire() const override { return kucoin::make_private_wire(); }

 private:
  std::string key_version_;
};

limit_report kucoin_protocol::read_limits(const wire_request& request, const client_response& answer, wall_time) const {
  limit_report out;
  const auto pool = request.charges.empty() ? std::size_t{public_pool} : request.charges.front().rule;
  const auto limit = whole_header(answer.headers, "gw-ratelimit-limit");
  const auto remaining = whole_header(answer.headers, "gw-ratelimit-remaining");
  const auto reset_ms = whole_header(answer.headers, "gw-ratelimit-reset");
  std::optional<nanoseconds> resets_in;
  if (reset_ms && *reset_ms >= 0) resets_in = std::min<nanoseconds>(milliseconds(std::min<std::int64_t>(*reset_ms, 30'000)), longest_wait);
  if (limit && *limit > 0) {
    limit_reading reading{.rule = pool, .used = {}, .limit = to_int(*limit), .resets_in = resets_in};
    if (remaining) reading.used = to_int(*limit - std::clamp<std::int64_t>(*remaining, 0, *limit));
    out.readings.push_back(reading);
  }
  if (answer.status != 429) return out;
  // Without the gateway's headers it was the edge in front of it, which counts by address.
  const auto wait = resets_in.value_or(retry_after_of(answer).value_or(longest_wait));
  const bool by_account = limit && rules[pool].scope == rate_scope::account;
  (by_account ? out.account_ban : out.address_ban) = wait;
  return out;
}

}  // namespace

const venue_traits& get_traits() { return traits_value; }

result<std::unique_ptr<venue_protocol>> make_protocol(const venue_options& options) {
  std::string key_version = "2";
  for (const auto& [name, value] : options) {
    if (name != "key_version") return fail(errc::out_of_range, "kucoin does not know the option \"" + name + "\" (known: key_version)");
    if (value != "2" && value != "3") return fail(errc::out_of_range, "key_version is 2 or 3");
    key_version = value;
  }
  return std::make_unique<kucoin_protocol>(std::move(key_version));
}

}  // namespace drover::exchanges::kucoin
