#include "exchanges/mexc/protocol.hpp"

#include "exchanges/mexc/limits.hpp"
#include "exchanges/mexc/parse.hpp"
#include "exchanges/mexc/requests.hpp"
#include "exchanges/mexc/signing.hpp"
#include "exchanges/mexc/wires.hpp"

namespace drover::exchanges::mexc {

namespace {

class mexc_protocol final : public venue_protocol {
 public:
  const venue_traits& traits() const override {
    static const venue_traits kept{
        .name = "mexc",
        .has_passphrase = false,
        .live = {"https://api.mexc.com", "wss://wbs-api.mexc.com/ws", "wss://wbs-api.mexc.com/ws"},
        .testnet = std::nullopt,
        .rules = rules(),
        .connect_charges = {},
        .private_stream_needs_access = true,
        // Placement is answered before the order is known everywhere.
        .visibility_delay = 2'000ms,
    };
    return kept;
  }

  result<wire_request> make_request(const venue_call& call) const override { return mexc::make_request(call); }

  result<client_request> sign(wire_request request, const credentials* keys, const signing_context& context) const override {
    return sign_request(std::move(request), keys, context);
  }

  result<venue_reply> read_answer(const venue_call& call, const client_response& answer, const instrument_table& table) const override {
    return mexc::read_answer(call, answer, table);
  }

  limit_report read_limits(const wire_request& request, const client_response& answer, wall_time) const override {
    return mexc::read_limits(request, answer);
  }

  std::unique_ptr<market_wire> make_market_wire() const override { return mexc::make_market_wire(); }
  std::unique_ptr<private_wire> make_private_wire() const override { return mexc::make_private_wire(); }
};

}  // namespace

result<std::unique_ptr<venue_protocol>> make_protocol(const venue_options& options) {
  if (!options.empty()) return fail(errc::out_of_range, "mexc has no option \"" + options.begin()->first + "\"");
  return std::make_unique<mexc_protocol>();
}

}  // namespace drover::exchanges::mexc
