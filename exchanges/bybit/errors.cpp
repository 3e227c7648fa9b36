#include <array>

#include "exchanges/bybit/wire.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::bybit {

namespace {

/// bybit-exchange.github.io/docs/v5/error. All of them are said before an order exists.
constexpr std::array meanings{
    error_meaning{"10002", "", exchange_errc::clock_skew},
    error_meaning{"10003", "", exchange_errc::bad_credentials},
    error_meaning{"10004", "", exchange_errc::bad_credentials},
    error_meaning{"10005", "", exchange_errc::permission_missing},
    error_meaning{"10006", "", exchange_errc::rate_limited},
    error_meaning{"10007", "", exchange_errc::bad_credentials},
    error_meaning{"10010", "", exchange_errc::ip_not_allowed},
    error_meaning{"10018", "", exchange_errc::rate_limited},
    error_meaning{"10024", "", exchange_errc::permission_missing},
    error_meaning{"10028", "", exchange_errc::permission_missing},
    error_meaning{"33004", "", exchange_errc::bad_credentials},
    error_meaning{"10001", "symbol", exchange_errc::instrument_unknown},
    error_meaning{"10001", "", exchange_errc::refused},
    error_meaning{"110001", "", exchange_errc::order_not_found},
    error_meaning{"110007", "", exchange_errc::insufficient_funds},
    error_meaning{"110072", "", exchange_errc::duplicate_order},
    error_meaning{"170121", "", exchange_errc::instrument_unknown},
    error_meaning{"170124", "", exchange_errc::bad_precision},
    error_meaning{"170131", "", exchange_errc::insufficient_funds},
    error_meaning{"170132", "", exchange_errc::bad_precision},
    error_meaning{"170133", "", exchange_errc::bad_precision},
    error_meaning{"170134", "", exchange_errc::bad_precision},
    error_meaning{"170135", "", exchange_errc::bad_precision},
    error_meaning{"170136", "", exchange_errc::min_notional},
    error_meaning{"170137", "", exchange_errc::bad_precision},
    error_meaning{"170139", "", exchange_errc::order_not_found},
    error_meaning{"170140", "", exchange_errc::min_notional},
    error_meaning{"170141", "", exchange_errc::duplicate_order},
    error_meaning{"170142", "", exchange_errc::order_not_found},
    error_meaning{"170143", "", exchange_errc::order_not_found},
    error_meaning{"170198", "", exchange_errc::maintenance},
    error_meaning{"170213", "", exchange_errc::order_not_found},
    error_meaning{"170218", "", exchange_errc::would_match},
};

}  // namespace

error make_bybit_error(operation op, int http_status, std::int64_t code, std::string_view message) {
  const auto text = std::to_string(code);
  auto known = find_meaning(meanings, text, message);
  // 1701xx and 1702xx are the spot gate's refusals, but for 170007 and 170146, 170147: time-outs inside.
  const bool timed_out = code == 170'007 || code == 170'146 || code == 170'147 || code == 10'016 || code == 10'000;
  if (!known && !timed_out && code >= 170'100 && code < 170'400) known = exchange_errc::refused;
  if (timed_out) known = is_write(op) ? exchange_errc::unknown_outcome : exchange_errc::maintenance;
  auto e = make_refusal(op, http_status, text, message, known);
  if (e.code == make_error_code(exchange_errc::rate_limited)) e.retry_after = milliseconds(1'000);
  return e;
}

}  // namespace drover::exchanges::bybit
