#include "exchanges/coinbase/exchange_parse.hpp"
#include "exchanges/coinbase/exchange_requests.hpp"
#include "exchanges/coinbase/protocol.hpp"
#include "exchanges/coinbase/wires.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::coinbase {

namespace {

/// docs.cdp.coinbase.com/exchange, "REST API rate limits": public 10 a second and address, private 15 a second and
/// profile, fills 10.
constexpr std::array institutional_rules{
    rate_rule{"public_1s", rate_scope::address, rate_model::sliding_window, 10, 1s},
    rate_rule{"private_1s", rate_scope::account, rate_model::sliding_window, 15, 1s},
    rate_rule{"fills_1s", rate_scope::account, rate_model::sliding_window, 10, 1s},
    rate_rule{"connections_1s", rate_scope::address, rate_model::sliding_window, 8, 1s},
};
constexpr std::size_t connections = 3;
constexpr std::array connect_charges{rate_charge{connections, 1}};

class exchange_protocol final : public venue_protocol {
public:
  const venue_traits& traits() const override {
    static const venue_traits kept{
        .name = "coinbaseexchange",
        .has_passphrase = true,
        .live = {"https://api.exchange.coinbase.com", "wss://ws-feed.exchange.coinbase.com",
                 "wss://ws-feed.exchange.coinbase.com"},
        .testnet = venue_urls{"https://api-public.sandbox.exchange.coinbase.com",
                              "wss://ws-feed-public.sandbox.exchange.coinbase.com",
                              "wss://ws-feed-public.sandbox.exchange.coinbase.com"},
        .rules = institutional_rules,
        .connect_charges = connect_charges,
        // Requests are refused 30 seconds after their timestamp, whatever window was wished for.
        .processing_bound = 40s,
    };
    return kept;
  }

  result<wire_request> make_request(const venue_call& call) const override { return institutional::make_request(call); }

  result<client_request> sign(wire_request request, const credentials* keys,
                              const signing_context& context) const override {
    auto target = request.path;
    if (!request.query.empty()) target += "?" + request.query.encoded();
    client_request out;
    out.method = request.method;
    out.url = std::string(context.base_url) + target;
    out.response_limit_bytes = request.response_limit_bytes;
    if (keys) {
      const auto timestamp =
          std::to_string(std::chrono::duration_cast<seconds>(context.server_now.since_epoch).count());
      auto signature = sign_exchange_text(keys->api_secret, timestamp + out.method + target + request.json);
      if (!signature) return std::unexpected(signature.error());
      out.headers = {{"CB-ACCESS-KEY", std::string(keys->api_key.reveal())},
                     {"CB-ACCESS-SIGN", std::move(*signature)},
                     {"CB-ACCESS-TIMESTAMP", timestamp},
                     {"CB-ACCESS-PASSPHRASE", std::string(keys->passphrase.reveal())},
                     {"Content-Type", "application/json"}};
    }
    out.body = std::move(request.json);
    return out;
  }

  result<venue_reply> read_answer(const venue_call& call, const client_response& answer,
                                  const instrument_table&) const override {
    return institutional::read_answer(call, answer);
  }

  limit_report read_limits(const wire_request& request, const client_response& answer, wall_time) const override {
    limit_report out;
    if (answer.status != 429) return out;
    const auto pause = retry_after_of(answer).value_or(1s);
    (request.is_private ? out.account_ban : out.address_ban) = pause;
    return out;
  }

  std::unique_ptr<market_wire> make_market_wire() const override { return make_exchange_market_wire(); }
  std::unique_ptr<private_wire> make_private_wire() const override { return make_exchange_private_wire(); }
};

}  // namespace

std::unique_ptr<venue_protocol> make_exchange_protocol() {
  return std::make_unique<exchange_protocol>();
}

}  // namespace drover::exchanges::coinbase
