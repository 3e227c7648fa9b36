#include <algorithm>
#include <array>

#include "exchanges/okx/wire.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::okx {

namespace {

/// www.okx.com/docs-v5, "Error Code". All of them are said before the matching engine takes the request. What a busy or
/// failing system says is not here but in `busy`.
constexpr std::array meanings{
    error_meaning{"50000", "", exchange_errc::refused},
    error_meaning{"50002", "", exchange_errc::refused},
    error_meaning{"50006", "", exchange_errc::refused},
    error_meaning{"50007", "", exchange_errc::permission_missing},
    error_meaning{"50009", "", exchange_errc::permission_missing},
    error_meaning{"50011", "", exchange_errc::rate_limited},
    error_meaning{"50012", "", exchange_errc::permission_missing},
    error_meaning{"50014", "", exchange_errc::refused},
    error_meaning{"50015", "", exchange_errc::refused},
    error_meaning{"50016", "", exchange_errc::refused},
    error_meaning{"50024", "", exchange_errc::refused},
    error_meaning{"50025", "", exchange_errc::refused},
    error_meaning{"50027", "", exchange_errc::permission_missing},
    error_meaning{"50028", "", exchange_errc::refused},
    error_meaning{"50030", "", exchange_errc::permission_missing},
    error_meaning{"50035", "", exchange_errc::ip_not_allowed},
    // The order came later than its header expTime allows.
    error_meaning{"50036", "", exchange_errc::clock_skew},
    error_meaning{"50037", "", exchange_errc::clock_skew},
    error_meaning{"50038", "", exchange_errc::permission_missing},
    error_meaning{"50061", "", exchange_errc::rate_limited},
    error_meaning{"50100", "", exchange_errc::bad_credentials},
    error_meaning{"50101", "", exchange_errc::bad_credentials},
    error_meaning{"50102", "", exchange_errc::clock_skew},
    error_meaning{"50103", "", exchange_errc::bad_credentials},
    error_meaning{"50104", "", exchange_errc::bad_credentials},
    error_meaning{"50105", "", exchange_errc::bad_credentials},
    error_meaning{"50106", "", exchange_errc::bad_credentials},
    error_meaning{"50107", "", exchange_errc::bad_credentials},
    error_meaning{"50110", "", exchange_errc::ip_not_allowed},
    error_meaning{"50111", "", exchange_errc::bad_credentials},
    error_meaning{"50112", "", exchange_errc::bad_credentials},
    error_meaning{"50113", "", exchange_errc::bad_credentials},
    error_meaning{"50114", "", exchange_errc::permission_missing},
    error_meaning{"50115", "", exchange_errc::refused},
    error_meaning{"50119", "", exchange_errc::bad_credentials},
    error_meaning{"50120", "", exchange_errc::permission_missing},
    error_meaning{"51000", "sz", exchange_errc::bad_precision},
    error_meaning{"51000", "px", exchange_errc::bad_precision},
    error_meaning{"51000", "instid", exchange_errc::instrument_unknown},
    error_meaning{"51000", "", exchange_errc::refused},
    error_meaning{"51001", "", exchange_errc::instrument_unknown},
    error_meaning{"51005", "", exchange_errc::bad_precision},
    error_meaning{"51006", "", exchange_errc::bad_precision},
    error_meaning{"51008", "", exchange_errc::insufficient_funds},
    error_meaning{"51016", "", exchange_errc::duplicate_order},
    error_meaning{"51020", "", exchange_errc::min_notional},
    error_meaning{"51021", "", exchange_errc::maintenance},
    error_meaning{"51022", "", exchange_errc::maintenance},
    error_meaning{"51024", "", exchange_errc::permission_missing},
    error_meaning{"51028", "", exchange_errc::maintenance},
    error_meaning{"51111", "", exchange_errc::refused},
    error_meaning{"51113", "", exchange_errc::rate_limited},
    error_meaning{"51116", "", exchange_errc::bad_precision},
    error_meaning{"51120", "", exchange_errc::min_notional},
    error_meaning{"51121", "", exchange_errc::bad_precision},
    error_meaning{"51122", "", exchange_errc::bad_precision},
    error_meaning{"51127", "", exchange_errc::insufficient_funds},
    error_meaning{"51131", "", exchange_errc::insufficient_funds},
    // The band around the last price, of buys and sells that close and open.
    error_meaning{"51135", "", exchange_errc::bad_precision},
    error_meaning{"51136", "", exchange_errc::bad_precision},
    error_meaning{"51137", "", exchange_errc::bad_precision},
    error_meaning{"51138", "", exchange_errc::bad_precision},
    error_meaning{"51150", "", exchange_errc::bad_precision},
    error_meaning{"51201", "", exchange_errc::bad_precision},
    error_meaning{"51202", "", exchange_errc::bad_precision},
    error_meaning{"51203", "", exchange_errc::bad_precision},
    error_meaning{"51400", "", exchange_errc::order_not_found},
    error_meaning{"51401", "", exchange_errc::order_not_found},
    error_meaning{"51402", "", exchange_errc::order_not_found},
    error_meaning{"51410", "", exchange_errc::refused},
    error_meaning{"51503", "", exchange_errc::order_not_found},
    error_meaning{"51603", "", exchange_errc::order_not_found},
    // Streams.
    error_meaning{"60004", "", exchange_errc::clock_skew},
    error_meaning{"60005", "", exchange_errc::bad_credentials},
    error_meaning{"60006", "", exchange_errc::clock_skew},
    error_meaning{"60007", "", exchange_errc::bad_credentials},
    error_meaning{"60009", "", exchange_errc::bad_credentials},
    error_meaning{"60011", "", exchange_errc::bad_credentials},
    error_meaning{"60014", "", exchange_errc::rate_limited},
    error_meaning{"60018", "", exchange_errc::instrument_unknown},
    error_meaning{"60024", "", exchange_errc::bad_credentials},
    error_meaning{"60032", "", exchange_errc::bad_credentials},
};

/// The system was busy, closed, or the request timed out inside: whether an order was taken is not said.
constexpr std::array<std::string_view, 8> busy{"50001", "50004", "50005", "50013", "50026", "51054", "51149", "63999"};

exchange_errc meaning_of_busy(operation op, std::string_view code) {
  return is_write(op) || code == "50004" ? exchange_errc::unknown_outcome : exchange_errc::maintenance;
}

}  // namespace

error make_okx_error(operation op, int http_status, std::string_view code, std::string_view message) {
  auto known = find_meaning(meanings, code, message);
  if (std::ranges::find(busy, code) != busy.end()) known = meaning_of_busy(op, code);
  // Every other code beginning with 51 refuses an order or its cancellation.
  else if (!known && code.size() == 5 && code.starts_with("51") && http_status < 500)
    known = exchange_errc::refused;
  auto e = make_refusal(op, http_status, code, message, known);
  // The windows have two seconds.
  if (e.code == make_error_code(exchange_errc::rate_limited)) e.retry_after = milliseconds(2'000);
  return e;
}

}  // namespace drover::exchanges::okx
