#include "exchanges/gate/errors.hpp"

#include <array>

#include "exchanges/json_fields_detail.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::gate {

namespace {

/// www.gate.com API v4 documentation, "Error handling": labels of answers that were given before anything was done. SERVER_ERROR,
/// INTERNAL, TOO_BUSY and CANCEL_FAIL are left out: they prove nothing.
constexpr std::array meanings{
    error_meaning{"INVALID_KEY", "", exchange_errc::bad_credentials},
    error_meaning{"INVALID_SIGNATURE", "", exchange_errc::bad_credentials},
    error_meaning{"INVALID_CREDENTIALS", "", exchange_errc::bad_credentials},
    error_meaning{"AUTHENTICATION_FAILED", "", exchange_errc::bad_credentials},
    error_meaning{"MISSING_REQUIRED_HEADER", "", exchange_errc::bad_credentials},
    error_meaning{"REQUEST_EXPIRED", "", exchange_errc::clock_skew},
    error_meaning{"IP_FORBIDDEN", "", exchange_errc::ip_not_allowed},
    error_meaning{"FORBIDDEN", "whitelist", exchange_errc::ip_not_allowed},
    error_meaning{"FORBIDDEN", "", exchange_errc::permission_missing},
    error_meaning{"READ_ONLY", "", exchange_errc::permission_missing},
    error_meaning{"ACCOUNT_LOCKED", "", exchange_errc::permission_missing},
    error_meaning{"SUB_ACCOUNT_LOCKED", "", exchange_errc::permission_missing},
    error_meaning{"USER_NOT_FOUND", "", exchange_errc::permission_missing},
    error_meaning{"BALANCE_NOT_ENOUGH", "", exchange_errc::insufficient_funds},
    error_meaning{"MARGIN_BALANCE_NOT_ENOUGH", "", exchange_errc::insufficient_funds},
    error_meaning{"TRADE_RESTRICTED", "", exchange_errc::refused},
    error_meaning{"QUANTITY_NOT_ENOUGH", "", exchange_errc::min_notional},
    error_meaning{"AMOUNT_TOO_LITTLE", "", exchange_errc::min_notional},
    error_meaning{"AMOUNT_TOO_MUCH", "", exchange_errc::bad_precision},
    error_meaning{"SIZE_TOO_SMALL", "", exchange_errc::min_notional},
    error_meaning{"SIZE_TOO_LARGE", "", exchange_errc::bad_precision},
    error_meaning{"INVALID_PRECISION", "", exchange_errc::bad_precision},
    error_meaning{"PRICE_TOO_DEVIATED", "", exchange_errc::bad_precision},
    error_meaning{"PRICE_THRESHOLD_EXCEEDED", "", exchange_errc::bad_precision},
    error_meaning{"INVALID_PARAM_VALUE", "too small", exchange_errc::min_notional},
    error_meaning{"INVALID_PARAM_VALUE", "too large", exchange_errc::bad_precision},
    error_meaning{"INVALID_PARAM_VALUE", "precision", exchange_errc::bad_precision},
    error_meaning{"INVALID_PARAM_VALUE", "currency pair", exchange_errc::instrument_unknown},
    error_meaning{"INVALID_PARAM_VALUE", "currency_pair", exchange_errc::instrument_unknown},
    error_meaning{"INVALID_PARAM_VALUE", "", exchange_errc::refused},
    error_meaning{"INVALID_ARGUMENT", "", exchange_errc::refused},
    error_meaning{"INVALID_PROTOCOL", "", exchange_errc::refused},
    error_meaning{"INVALID_REQUEST_BODY", "", exchange_errc::refused},
    error_meaning{"MISSING_REQUIRED_PARAM", "", exchange_errc::refused},
    error_meaning{"BAD_REQUEST", "", exchange_errc::refused},
    error_meaning{"INVALID_CONTENT_TYPE", "", exchange_errc::refused},
    error_meaning{"NOT_ACCEPTABLE", "", exchange_errc::refused},
    error_meaning{"METHOD_NOT_ALLOWED", "", exchange_errc::refused},
    error_meaning{"TOO_MANY_ORDERS", "", exchange_errc::refused},
    error_meaning{"TOO_MANY_CURRENCY_PAIRS", "", exchange_errc::refused},
    error_meaning{"MIXED_ACCOUNT_TYPE", "", exchange_errc::refused},
    error_meaning{"FOK_NOT_FILL", "", exchange_errc::refused},
    // "Repeated creation", the one label of the spot table for it (Gate API v4, "Error handling"); ORDER_EXISTS and DUPLICATE_REQUEST
    // stand in the wallet's. The venue does not promise unique ids: a second order with the id of an open one takes the id over
    // (github.com/gateio/gateapi-go/issues/41, comment of the maintainer), so nothing may be sent twice in hope of a refusal.
    error_meaning{"REPEATED_CREATION", "", exchange_errc::duplicate_order},
    error_meaning{"ORDER_EXISTS", "", exchange_errc::duplicate_order},
    error_meaning{"INVALID_CURRENCY", "", exchange_errc::instrument_unknown},
    error_meaning{"INVALID_CURRENCY_PAIR", "", exchange_errc::instrument_unknown},
    error_meaning{"ORDER_NOT_FOUND", "", exchange_errc::order_not_found},
    error_meaning{"CLIENT_ID_NOT_FOUND", "", exchange_errc::order_not_found},
    // The order to be cancelled is not open any more: other venues know no difference.
    error_meaning{"ORDER_CLOSED", "", exchange_errc::order_not_found},
    error_meaning{"ORDER_CANCELLED", "", exchange_errc::order_not_found},
    error_meaning{"POC_FILL_IMMEDIATELY", "", exchange_errc::would_match},
    error_meaning{"TOO_FAST", "", exchange_errc::rate_limited},
    error_meaning{"TOO_MANY_REQUESTS", "", exchange_errc::rate_limited},
};

/// The longest of the venue's windows.
constexpr milliseconds default_pause{10'000};

exchange_errc meaning_of_stream_code(std::int64_t code) {
  if (code == 3) return exchange_errc::maintenance;
  return code == 4 ? exchange_errc::bad_credentials : exchange_errc::refused;
}

}  // namespace

venue_words read_words(std::string_view body) {
  thread_local json_source source;
  venue_words out;
  if (!source.load(body)) return out;
  json_fields f(source.document().get_object());
  out.label = f.optional_text("label");
  out.message = f.optional_text("message");
  if (out.message.empty()) out.message = f.optional_text("detail");
  if (!f.ok()) return {};
  return out;
}

error make_labelled_refusal(operation op, int http_status, const venue_words& words) {
  const auto known = find_meaning(meanings, words.label, words.message);
  auto out = make_refusal(op, http_status, words.label, words.message, known);
  if (out.code == make_error_code(exchange_errc::rate_limited)) out.retry_after = default_pause;
  return out;
}

error read_refusal(operation op, const client_response& answer) {
  auto out = make_labelled_refusal(op, answer.status, read_words(answer.body));
  if (out.retry_after)
    if (auto told = retry_after_of(answer)) out.retry_after = std::chrono::duration_cast<milliseconds>(*told);
  return out;
}

error read_stream_refusal(std::int64_t code, std::string_view message) {
  const auto words = read_words(message);
  const auto number = std::to_string(code);
  if (words.label.empty()) {
    const bool unknown_pair = code == 2 && message.find("currency pair") != std::string_view::npos;
    const auto meaning = unknown_pair ? exchange_errc::instrument_unknown : meaning_of_stream_code(code);
    return {meaning, describe_refusal(0, number, message)};
  }
  const auto known = find_meaning(meanings, words.label, words.message).value_or(meaning_of_stream_code(code));
  return {known, describe_refusal(0, words.label, words.message)};
}

}  // namespace drover::exchanges::gate
