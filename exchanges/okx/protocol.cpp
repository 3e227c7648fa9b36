#include "exchanges/okx/protocol.hpp"

#include <array>

#include "exchanges/okx/wire.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::okx {

namespace {

/// www.okx.com/docs-v5, "Rate limit" of each endpoint: public 20 in two seconds and address (the strictest of those
/// used), orders and cancels 60 in two seconds, user and instrument, queries 60, lists 60, account 10; 1,000 orders in
/// two seconds and sub-account; three connections a second and address, of which one is left for handshakes that arrive
/// late.
constexpr std::array okx_rules{
    rate_rule{"public_2s", rate_scope::address, rate_model::sliding_window, 20, 2s},
    rate_rule{"account_2s", rate_scope::account, rate_model::sliding_window, 10, 2s},
    rate_rule{"place_2s", rate_scope::account_symbol, rate_model::sliding_window, 60, 2s},
    rate_rule{"cancel_2s", rate_scope::account_symbol, rate_model::sliding_window, 60, 2s},
    rate_rule{"query_2s", rate_scope::account_symbol, rate_model::sliding_window, 60, 2s},
    rate_rule{"list_2s", rate_scope::account, rate_model::sliding_window, 60, 2s},
    rate_rule{"connections_1s", rate_scope::address, rate_model::sliding_window, 2, 1s},
};
constexpr std::array connect_charges{rate_charge{connections, 1}};

class okx_protocol final : public venue_protocol {
public:
  explicit okx_protocol(bool simulated) : simulated_(simulated) {}

  const venue_traits& traits() const override {
    static const venue_traits kept{
        .name = "okx",
        .has_passphrase = true,
        .live = {"https://www.okx.com", "wss://ws.okx.com:8443", "wss://ws.okx.com:8443"},
        .testnet = venue_urls{"https://www.okx.com", "wss://wspap.okx.com:8443", "wss://wspap.okx.com:8443"},
        .rules = okx_rules,
        .connect_charges = connect_charges,
        .has_dead_man = true,
    };
    return kept;
  }

  result<wire_request> make_request(const venue_call& call) const override { return okx::make_request(call); }
  result<client_request> sign(wire_request request, const credentials* keys,
                              const signing_context& context) const override {
    return sign_request(std::move(request), keys, context, simulated_);
  }
  result<venue_reply> read_answer(const venue_call& call, const client_response& answer,
                                  const instrument_table&) const override {
    return okx::read_answer(call, answer);
  }

  limit_report read_limits(const wire_request& request, const client_response& answer, wall_time) const override {
    limit_report out;
    if (answer.status != 429) return out;
    const auto pause = retry_after_of(answer).value_or(2s);
    (request.is_private ? out.account_ban : out.address_ban) = pause;
    return out;
  }

  std::unique_ptr<market_wire> make_market_wire() const override { return okx::make_market_wire(); }
  std::unique_ptr<private_wire> make_private_wire() const override { return okx::make_private_wire(); }

private:
  bool simulated_;
};

}  // namespace

result<std::unique_ptr<venue_protocol>> make_protocol(const venue_options& options) {
  bool simulated = false;
  for (const auto& [name, value] : options) {
    if (name != "simulated") return fail(errc::out_of_range, "okx has no option \"" + name + "\" (it has: simulated)");
    if (value != "0" && value != "1") return fail(errc::out_of_range, "option simulated is 0 or 1");
    simulated = value == "1";
  }
  return std::make_unique<okx_protocol>(simulated);
}

}  // namespace drover::exchanges::okx
