#include "exchanges/gate/limits.hpp"

#include <algorithm>
#include <array>

#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::gate {

namespace {

constexpr auto window = nanoseconds(10s);

constexpr rate_rule open_rule(std::string_view name) { return {name, rate_scope::address, rate_model::sliding_window, 200, window}; }
constexpr rate_rule keyed_rule(std::string_view name) { return {name, rate_scope::account, rate_model::sliding_window, 200, window}; }

/// www.gate.com API v4 documentation, "Frequency limit rule": spot, every endpoint by itself: public 200 in 10 s and address, private
/// 200 in 10 s and user; placing 10 a second, user and pair; cancelling 200 a second and user.
constexpr std::array venue_rules{
    open_rule("time_10s"),         open_rule("currency_pairs_10s"), open_rule("order_book_10s"), open_rule("trades_10s"),
    open_rule("candlesticks_10s"), keyed_rule("account_detail_10s"), keyed_rule("main_keys_10s"), keyed_rule("accounts_10s"),
    keyed_rule("order_10s"),       keyed_rule("orders_10s"),         keyed_rule("open_orders_10s"), keyed_rule("my_trades_10s"),
    keyed_rule("countdown_10s"),
    rate_rule{"placing_1s", rate_scope::account_symbol, rate_model::sliding_window, 10, nanoseconds(1s)},
    rate_rule{"cancelling_1s", rate_scope::account, rate_model::sliding_window, 200, nanoseconds(1s)},
};

std::optional<nanoseconds> time_to_reset(const client_response& answer, wall_time server_now) {
  const auto at = whole_header(answer.headers, "X-Gate-RateLimit-Reset-Timestamp");
  constexpr std::int64_t latest_s = 9'000'000'000;
  if (!at || *at < 0 || *at > latest_s) return std::nullopt;
  const auto left = wall_time{seconds(*at)} - server_now;
  return std::clamp(left, nanoseconds(0), window);
}

}  // namespace

std::span<const rate_rule> rules() { return venue_rules; }

limit_report read_limits(const wire_request& request, const client_response& answer, wall_time server_now) {
  limit_report out;
  if (request.charges.empty()) return out;
  limit_reading reading{request.charges.front().rule, {}, {}, {}};
  const auto left = whole_header(answer.headers, "X-Gate-RateLimit-Requests-Remain");
  const auto most = whole_header(answer.headers, "X-Gate-RateLimit-Limit");
  constexpr std::int64_t believable = 1'000'000;
  if (left && most && *left >= 0 && *left <= *most && *most <= believable) {
    reading.used = static_cast<int>(*most - *left);
    reading.limit = static_cast<int>(*most);
    reading.resets_in = time_to_reset(answer, server_now);
  }
  if (answer.status == 429) {
    const auto pause = std::max(time_to_reset(answer, server_now).value_or(venue_rules[reading.rule].window), nanoseconds(1s));
    reading.used = reading.limit.value_or(venue_rules[reading.rule].limit);
    reading.resets_in = pause;
    (request.is_private ? out.account_ban : out.address_ban) = pause;
  }
  if (reading.used) out.readings.push_back(reading);
  return out;
}

}  // namespace drover::exchanges::gate
