#include "exchanges/kraken/protocol.hpp"

#include <algorithm>
#include <array>

#include "exchanges/kraken/answers.hpp"
#include "exchanges/kraken/endpoints.hpp"
#include "exchanges/kraken/errors.hpp"
#include "exchanges/kraken/requests.hpp"
#include "exchanges/kraken/signing.hpp"
#include "exchanges/kraken/streams.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::kraken {

namespace {

/// Documentation "Spot REST rate limits" and "Spot trading limits", the lowest tier, which every key has: a call counter of 15 that
/// falls by 0.33 a second; a counter of 60 per pair in the matching engine that falls by 1 a second. Public calls: about one a
/// second. WebSockets: about 150 connects in 10 minutes before the edge closes the door. In the order of `rule`.
constexpr std::array rules{
    rate_rule{"private_calls", rate_scope::account, rate_model::decaying_counter, 15, 45s},
    rate_rule{"orders_per_pair", rate_scope::account_symbol, rate_model::decaying_counter, 60, 60s},
    rate_rule{"public_calls", rate_scope::address, rate_model::decaying_counter, 5, 5s},
    rate_rule{"ws_connects_10m", rate_scope::address, rate_model::sliding_window, 150, 600s},
};
constexpr std::array connect_costs{rate_charge{socket_connects, 1}};

/// A counter that was overrun is asked again when five calls have fallen off it; a lockout ends after a quarter of an hour.
constexpr nanoseconds counter_wait = 15s, lockout_wait = 15min, public_wait = 5s, longest_throttle = 15min;

constexpr venue_traits traits_value{
    .name = "kraken",
    .has_passphrase = false,
    .live = {"https://api.kraken.com", "wss://ws.kraken.com/v2", "wss://ws-auth.kraken.com/v2"},
    .testnet = std::nullopt,
    .rules = rules,
    .connect_charges = connect_costs,
    .public_stream_needs_access = false,
    .private_stream_needs_access = true,
    .has_dead_man = true,
    .serial_nonce = true,
    .processing_bound = milliseconds(10'000),
    .visibility_delay = milliseconds(1'000),
};

bool says(const client_response& answer, std::string_view words) { return answer.body.find(words) != std::string::npos; }

class kraken_protocol final : public venue_protocol {
 public:
  const venue_traits& traits() const override { return traits_value; }
  result<wire_request> make_request(const venue_call& call) const override { return make_wire_request(call); }
  result<client_request> sign(wire_request request, const credentials* keys, const signing_context& context) const override {
    return sign_request(std::move(request), keys, context);
  }
  result<venue_reply> read_answer(const venue_call& call, const client_response& answer, const instrument_table& table) const override {
    return read_venue_answer(call, answer, table);
  }
  limit_report read_limits(const wire_request&, const client_response&, wall_time) const override;
  std::unique_ptr<market_wire> make_market_wire() const override { return kraken::make_market_wire(); }
  std::unique_ptr<private_wire> make_private_wire() const override { return kraken::make_private_wire(); }
};

limit_report kraken_protocol::read_limits(const wire_request& request, const client_response& answer, wall_time server_now) const {
  limit_report out;
  // No headers tell the counters; what the answer says of them is in its errors.
  auto& ban = request.is_private ? out.account_ban : out.address_ban;
  if (answer.status == 429) out.address_ban = retry_after_of(answer).value_or(counter_wait);
  constexpr std::size_t longest_error = 500;
  if (answer.body.size() > longest_error) return out;
  if (says(answer, "EGeneral:Temporary lockout")) ban = lockout_wait;
  if (says(answer, "EAPI:Rate limit exceeded")) ban = counter_wait;
  if (says(answer, "EGeneral:Too many requests")) ban = public_wait;
  if (auto end_s = find_throttle_end(answer.body)) {
    const auto wait = wall_time{seconds(*end_s)} - server_now;
    if (wait > 0s) ban = std::min(wait, longest_throttle);
  }
  return out;
}

}  // namespace

const venue_traits& get_traits() { return traits_value; }

result<std::unique_ptr<venue_protocol>> make_protocol(const venue_options& options) {
  if (!options.empty()) return fail(errc::out_of_range, "kraken does not know the option \"" + options.begin()->first + "\" (it has none)");
  return std::make_unique<kraken_protocol>();
}

}  // namespace drover::exchanges::kraken
