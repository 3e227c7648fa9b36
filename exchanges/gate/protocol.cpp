#include "exchanges/gate/protocol.hpp"

#include "exchanges/gate/limits.hpp"
#include "exchanges/gate/parse.hpp"
#include "exchanges/gate/requests.hpp"
#include "exchanges/gate/signing.hpp"
#include "exchanges/gate/wires.hpp"

namespace drover::exchanges::gate {

namespace {

class gate_protocol final : public venue_protocol {
 public:
  const venue_traits& traits() const override {
    static const venue_traits kept{
        .name = "gate",
        .has_passphrase = false,
        .live = {"https://api.gateio.ws", "wss://api.gateio.ws/ws/v4", "wss://api.gateio.ws/ws/v4"},
        // The venue's pages name the futures' socket on this host (github.com/ccxt/ccxt/issues/28528); that of spot stands beside it.
        .testnet = venue_urls{"https://api-testnet.gateapi.io", "wss://ws-testnet.gate.com/v4/ws/spot", "wss://ws-testnet.gate.com/v4/ws/spot"},
        .rules = rules(),
        .connect_charges = {},
        .has_dead_man = true,
    };
    return kept;
  }

  result<wire_request> make_request(const venue_call& call) const override { return gate::make_request(call); }

  result<client_request> sign(wire_request request, const credentials* keys, const signing_context& context) const override {
    return sign_request(std::move(request), keys, context);
  }

  result<venue_reply> read_answer(const venue_call& call, const client_response& answer, const instrument_table&) const override {
    return gate::read_answer(call, answer);
  }

  limit_report read_limits(const wire_request& request, const client_response& answer, wall_time server_now) const override {
    return gate::read_limits(request, answer, server_now);
  }

  std::unique_ptr<market_wire> make_market_wire() const override { return gate::make_market_wire(); }
  std::unique_ptr<private_wire> make_private_wire() const override { return gate::make_private_wire(); }
};

}  // namespace

result<std::unique_ptr<venue_protocol>> make_protocol(const venue_options& options) {
  if (!options.empty()) return fail(errc::out_of_range, "gate has no option \"" + options.begin()->first + "\"");
  return std::make_unique<gate_protocol>();
}

}  // namespace drover::exchanges::gate
