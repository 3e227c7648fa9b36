#include "exchanges/coinbase/advanced_errors.hpp"
#include "exchanges/coinbase/advanced_jwt.hpp"
#include "exchanges/coinbase/advanced_parse.hpp"
#include "exchanges/coinbase/advanced_requests.hpp"
#include "exchanges/coinbase/protocol.hpp"
#include "exchanges/coinbase/wires.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::coinbase {

namespace {

/// docs.cdp.coinbase.com, "Advanced Trade REST API rate limits": private 30 a second and user, public 10 a second and
/// address.
constexpr std::array advanced_rules{
    rate_rule{"public_1s", rate_scope::address, rate_model::sliding_window, 10, 1s},
    rate_rule{"private_1s", rate_scope::account, rate_model::sliding_window, 30, 1s},
    rate_rule{"connections_1s", rate_scope::address, rate_model::sliding_window, 750, 1s},
};
constexpr std::size_t connections = 2;
constexpr std::array connect_charges{rate_charge{connections, 1}};

class advanced_protocol final : public venue_protocol {
public:
  const venue_traits& traits() const override {
    static const venue_traits kept{
        .name = "coinbase",
        .has_passphrase = false,
        .live = {"https://api.coinbase.com", "wss://advanced-trade-ws.coinbase.com",
                 "wss://advanced-trade-ws-user.coinbase.com"},
        .testnet = std::nullopt,
        .rules = advanced_rules,
        .connect_charges = connect_charges,
    };
    return kept;
  }

  result<wire_request> make_request(const venue_call& call) const override { return advanced::make_request(call); }

  result<client_request> sign(wire_request request, const credentials* keys,
                              const signing_context& context) const override {
    client_request out;
    out.method = request.method;
    out.url = std::string(context.base_url) + request.path;
    if (!request.query.empty()) out.url += "?" + request.query.encoded();
    if (!request.json.empty() || keys) out.headers.emplace_back("Content-Type", "application/json");
    out.body = std::move(request.json);
    out.response_limit_bytes = request.response_limit_bytes;
    if (!keys) return out;
    auto jwt = make_jwt(*keys, make_uri_claim(request.method, context.base_url, request.path), context);
    if (!jwt) return std::unexpected(jwt.error());
    out.headers.emplace_back("Authorization", "Bearer " + *jwt);
    return out;
  }

  result<venue_reply> read_answer(const venue_call& call, const client_response& answer,
                                  const instrument_table&) const override {
    return advanced::read_answer(call, answer);
  }

  limit_report read_limits(const wire_request& request, const client_response& answer, wall_time) const override {
    limit_report out;
    if (answer.status != 429) return out;
    const auto pause = retry_after_of(answer).value_or(1s);
    (request.is_private ? out.account_ban : out.address_ban) = pause;
    return out;
  }

  std::unique_ptr<market_wire> make_market_wire() const override { return make_advanced_market_wire(); }
  std::unique_ptr<private_wire> make_private_wire() const override { return make_advanced_private_wire(); }
};

}  // namespace

std::unique_ptr<venue_protocol> make_advanced_protocol() {
  return std::make_unique<advanced_protocol>();
}

}  // namespace drover::exchanges::coinbase
