#include "exchanges/kucoin/errors.hpp"

#include <array>

#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::kucoin {

namespace {

using enum exchange_errc;

/// Codes of the documentation ("Error codes" of each endpoint), wordings as clients recorded them. 400100 and 600100 cover
/// everything that a validation can say: phrases come first.
constexpr std::array meanings{
    error_meaning{"400001", "", bad_credentials},
    error_meaning{"400002", "", clock_skew},
    error_meaning{"400003", "", bad_credentials},
    error_meaning{"400004", "", bad_credentials},
    error_meaning{"400005", "", bad_credentials},
    error_meaning{"400006", "", ip_not_allowed},
    error_meaning{"400007", "", permission_missing},
    error_meaning{"411100", "", permission_missing},
    error_meaning{"400401", "", bad_credentials},
    error_meaning{"200004", "", insufficient_funds},
    error_meaning{"230003", "", insufficient_funds},
    error_meaning{"210021", "", insufficient_funds},
    error_meaning{"126013", "", insufficient_funds},
    error_meaning{"200002", "", rate_limited},
    error_meaning{"429000", "", rate_limited},
    error_meaning{"1015", "", rate_limited},
    error_meaning{"200003", "", maintenance},
    error_meaning{"126006", "", maintenance},
    error_meaning{"126007", "", maintenance},
    error_meaning{"126009", "", maintenance},
    error_meaning{"900001", "", instrument_unknown},
    error_meaning{"400600", "", instrument_unknown},
    error_meaning{"126004", "", instrument_unknown},
    // Published codes of the high-frequency system: 126044 "clientOid duplicate", 126043 "Order does not exist"; 400100 with the
    // texts below is the older gateway's.
    error_meaning{"126033", "", duplicate_order},
    error_meaning{"126044", "", duplicate_order},
    error_meaning{"102435", "", duplicate_order},
    error_meaning{"126043", "", order_not_found},
    error_meaning{"100001", "ordernotexist", order_not_found},
    error_meaning{"order_not_exist", "", order_not_found},
    error_meaning{"400370", "", bad_precision},
    error_meaning{"400330", "", bad_precision},
    error_meaning{"400760", "", bad_precision},
    error_meaning{"126029", "", bad_precision},
    error_meaning{"126030", "", bad_precision},
    error_meaning{"600101", "", min_notional},
    error_meaning{"126003", "", min_notional},
    error_meaning{"400100", "clientoidduplicated", duplicate_order},
    error_meaning{"400100", "clientoid duplicate", duplicate_order},
    error_meaning{"400100", "order_not_exist", order_not_found},
    error_meaning{"400100", "order not exist", order_not_found},
    error_meaning{"400100", "order does not exist", order_not_found},
    error_meaning{"400100", "below the minimum", min_notional},
    error_meaning{"400100", "increment", bad_precision},
    error_meaning{"400100", "not in the given range", bad_precision},
    error_meaning{"400100", "unsupported trading pair", instrument_unknown},
    error_meaning{"400100", "symbol not exists", instrument_unknown},
    error_meaning{"400100", "available.amount", insufficient_funds},
    error_meaning{"400100", "", refused},
    error_meaning{"600100", "below the minimum", min_notional},
    error_meaning{"600100", "increment", bad_precision},
    error_meaning{"600100", "", refused},
    error_meaning{"400200", "", refused},
    error_meaning{"400303", "", permission_missing},
    error_meaning{"400400", "", refused},
    error_meaning{"400350", "", refused},
    error_meaning{"400500", "", refused},
    error_meaning{"126022", "", refused},
    error_meaning{"126027", "", refused},
    error_meaning{"126028", "", refused},
    error_meaning{"404000", "", refused},
    error_meaning{"401000", "", unsupported},
    error_meaning{"415000", "", refused},
};

/// Codes of the WebSocket ("Error codes" of the WebSocket introduction).
constexpr std::array stream_meanings{
    error_meaning{"400", "", refused},          error_meaning{"401", "", bad_credentials}, error_meaning{"403", "", permission_missing},
    error_meaning{"404", "", instrument_unknown}, error_meaning{"406", "", refused},        error_meaning{"415", "", refused},
    error_meaning{"500", "", maintenance},      error_meaning{"509", "", rate_limited},
};

}  // namespace

std::optional<exchange_errc> find_known_error(std::string_view code, std::string_view message) {
  return find_meaning(meanings, code, message);
}

error make_stream_refusal(std::string_view code, std::string_view message) {
  // A token has its time; a new one is as good as the first.
  auto meaning = message.find("token is expired") != std::string_view::npos
                     ? exchange_errc::maintenance
                     : find_meaning(stream_meanings, code, message).value_or(exchange_errc::refused);
  return {meaning, describe_refusal(0, code, message)};
}

}  // namespace drover::exchanges::kucoin
