#include <algorithm>
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
    error_meaning{"10027", "", exchange_errc::permission_missing},
    error_meaning{"10429", "", exchange_errc::rate_limited},
    error_meaning{"10001", "symbol", exchange_errc::instrument_unknown},
    error_meaning{"10001", "", exchange_errc::refused},
    error_meaning{"110001", "", exchange_errc::order_not_found},
    error_meaning{"110004", "", exchange_errc::insufficient_funds},
    error_meaning{"110007", "", exchange_errc::insufficient_funds},
    error_meaning{"110008", "", exchange_errc::order_not_found},
    error_meaning{"110010", "", exchange_errc::order_not_found},
    error_meaning{"110012", "", exchange_errc::insufficient_funds},
    error_meaning{"110072", "", exchange_errc::duplicate_order},
    error_meaning{"110094", "", exchange_errc::min_notional},
    error_meaning{"170005", "", exchange_errc::rate_limited},
    error_meaning{"170033", "", exchange_errc::insufficient_funds},
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
    error_meaning{"170148", "", exchange_errc::bad_precision},
    error_meaning{"170151", "", exchange_errc::maintenance},
    error_meaning{"170157", "", exchange_errc::maintenance},
    error_meaning{"170190", "", exchange_errc::order_not_found},
    // The band around the last price, and sizes that would move it too far.
    error_meaning{"170192", "", exchange_errc::bad_precision},
    error_meaning{"170193", "", exchange_errc::bad_precision},
    error_meaning{"170194", "", exchange_errc::bad_precision},
    error_meaning{"170197", "", exchange_errc::bad_precision},
    error_meaning{"170198", "", exchange_errc::bad_precision},
    error_meaning{"170201", "", exchange_errc::permission_missing},
    error_meaning{"170213", "", exchange_errc::order_not_found},
    error_meaning{"170218", "", exchange_errc::would_match},
    error_meaning{"170222", "", exchange_errc::rate_limited},
    error_meaning{"170228", "", exchange_errc::bad_precision},
    error_meaning{"170229", "", exchange_errc::bad_precision},
};

/// The system failed or timed out inside: whether an order was taken or cancelled is not said.
constexpr std::array<std::int64_t, 10> failures{10'000,  10'016,  170'001, 170'007, 170'032,
                                                170'146, 170'147, 170'149, 170'150, 170'234};

}  // namespace

error make_bybit_error(operation op, int http_status, std::int64_t code, std::string_view message) {
  const auto text = std::to_string(code);
  auto known = find_meaning(meanings, text, message);
  // Every other code from 170100 on is a refusal by the spot gate.
  if (std::ranges::find(failures, code) != failures.end())
    known = is_write(op) ? exchange_errc::unknown_outcome : exchange_errc::maintenance;
  else if (!known && code >= 170'100 && code < 170'400)
    known = exchange_errc::refused;
  auto e = make_refusal(op, http_status, text, message, known);
  if (e.code == make_error_code(exchange_errc::rate_limited)) e.retry_after = milliseconds(1'000);
  return e;
}

}  // namespace drover::exchanges::bybit
