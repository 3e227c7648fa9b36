#include "exchanges/bybit/protocol.hpp"

#include <algorithm>
#include <array>

#include "exchanges/bybit/wire.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::bybit {

namespace {

/// bybit-exchange.github.io/docs/v5/rate-limit: 600 requests in five seconds and address; a second and account: 20
/// orders, 20 cancels, 50 queries, 50 of the account; 500 connections in five minutes and address.
constexpr std::array bybit_rules{
    rate_rule{"requests_5s", rate_scope::address, rate_model::sliding_window, 600, 5s},
    rate_rule{"place_1s", rate_scope::account, rate_model::sliding_window, 20, 1s},
    rate_rule{"cancel_1s", rate_scope::account, rate_model::sliding_window, 20, 1s},
    rate_rule{"query_1s", rate_scope::account, rate_model::sliding_window, 50, 1s},
    rate_rule{"account_1s", rate_scope::account, rate_model::sliding_window, 50, 1s},
    rate_rule{"connections_5m", rate_scope::address, rate_model::sliding_window, 500, 300s},
};
constexpr std::array connect_charges{rate_charge{connections, 1}};
/// "Access too frequent" is answered with at least ten minutes of silence.
constexpr nanoseconds address_ban = 10min;

limit_report read_bybit_limits(const wire_request& request, const client_response& answer, wall_time server_now) {
  limit_report out;
  if (answer.status == 403 && answer.body.find("too frequent") != answer.body.npos) out.address_ban = address_ban;
  const auto limit = whole_header(answer.headers, "X-Bapi-Limit"),
             left = whole_header(answer.headers, "X-Bapi-Limit-Status");
  const auto reset = whole_header(answer.headers, "X-Bapi-Limit-Reset-Timestamp");
  constexpr std::int64_t highest = 1'000'000;
  if (request.charges.size() < 2 || !limit || !left || *limit <= 0 || *limit > highest || *left < 0 || *left > *limit)
    return out;
  limit_reading reading;
  reading.rule = request.charges.back().rule;
  reading.used = static_cast<int>(*limit - *left);
  reading.limit = static_cast<int>(*limit);
  if (reset) reading.resets_in = milliseconds(std::clamp<std::int64_t>(*reset - server_now.ms(), 0, 5'000));
  // 10006: the account has to wait for its window.
  if (answer.body.find("\"retCode\":10006") != answer.body.npos) out.account_ban = reading.resets_in.value_or(1s);
  out.readings.push_back(reading);
  return out;
}

class bybit_protocol final : public venue_protocol {
public:
  const venue_traits& traits() const override {
    static const venue_traits kept{
        .name = "bybit",
        .has_passphrase = false,
        .live = {"https://api.bybit.com", "wss://stream.bybit.com", "wss://stream.bybit.com"},
        .testnet = venue_urls{"https://api-testnet.bybit.com", "wss://stream-testnet.bybit.com",
                              "wss://stream-testnet.bybit.com"},
        .rules = bybit_rules,
        .connect_charges = connect_charges,
    };
    return kept;
  }

  result<wire_request> make_request(const venue_call& call) const override { return bybit::make_request(call); }
  result<client_request> sign(wire_request request, const credentials* keys,
                              const signing_context& context) const override {
    return sign_request(std::move(request), keys, context);
  }
  result<venue_reply> read_answer(const venue_call& call, const client_response& answer,
                                  const instrument_table& table) const override {
    return bybit::read_answer(call, answer, table);
  }
  limit_report read_limits(const wire_request& request, const client_response& answer,
                           wall_time server_now) const override {
    return read_bybit_limits(request, answer, server_now);
  }
  std::unique_ptr<market_wire> make_market_wire() const override { return bybit::make_market_wire(); }
  std::unique_ptr<private_wire> make_private_wire() const override { return bybit::make_private_wire(); }
};

}  // namespace

std::unique_ptr<venue_protocol> make_protocol() {
  return std::make_unique<bybit_protocol>();
}

}  // namespace drover::exchanges::bybit
