#include "exchanges/coinbase/advanced_errors.hpp"

#include <array>
#include <string>

#include "exchanges/json_fields_detail.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::coinbase::advanced {

namespace {

/// docs.cdp.coinbase.com, "Advanced Trade API errors". All of them are answers of the gate before the order book.
constexpr std::array meanings{
    error_meaning{"PERMISSION_DENIED", "", exchange_errc::permission_missing},
    error_meaning{"UNAUTHENTICATED", "timestamp", exchange_errc::clock_skew},
    error_meaning{"UNAUTHENTICATED", "", exchange_errc::bad_credentials},
    error_meaning{"authentication_error", "timestamp", exchange_errc::clock_skew},
    error_meaning{"authentication_error", "", exchange_errc::bad_credentials},
    error_meaning{"invalid_token", "", exchange_errc::bad_credentials},
    error_meaning{"INVALID_ARGUMENT", "product_id", exchange_errc::instrument_unknown},
    error_meaning{"INVALID_ARGUMENT", "", exchange_errc::refused},
    error_meaning{"NOT_FOUND", "order", exchange_errc::order_not_found},
    error_meaning{"NOT_FOUND", "product", exchange_errc::instrument_unknown},
    error_meaning{"resource_exhausted", "", exchange_errc::rate_limited},
    error_meaning{"RESOURCE_EXHAUSTED", "", exchange_errc::rate_limited},
    error_meaning{"rate_limit_exceeded", "", exchange_errc::rate_limited},
};

/// "new_order_failure_reason" and "preview_failure_reason" of the API reference.
constexpr std::array order_meanings{
    error_meaning{"INSUFFICIENT_FUND", "", exchange_errc::insufficient_funds},
    error_meaning{"INSUFFICIENT_FUNDS", "", exchange_errc::insufficient_funds},
    error_meaning{"PREVIEW_INSUFFICIENT_FUND", "", exchange_errc::insufficient_funds},
    error_meaning{"INVALID_SIZE_PRECISION", "below minimum", exchange_errc::min_notional},
    error_meaning{"INVALID_SIZE_PRECISION", "", exchange_errc::bad_precision},
    error_meaning{"INVALID_PRICE_PRECISION", "", exchange_errc::bad_precision},
    error_meaning{"ORDER_SIZE_TOO_SMALL", "", exchange_errc::min_notional},
    error_meaning{"PREVIEW_INVALID_BASE_SIZE_TOO_SMALL", "", exchange_errc::min_notional},
    error_meaning{"PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL", "", exchange_errc::min_notional},
    error_meaning{"PREVIEW_INVALID_BASE_SIZE_TOO_LARGE", "", exchange_errc::bad_precision},
    error_meaning{"PREVIEW_INVALID_PRICE_PRECISION", "", exchange_errc::bad_precision},
    error_meaning{"PREVIEW_INVALID_SIZE_PRECISION", "", exchange_errc::bad_precision},
    error_meaning{"INVALID_LIMIT_PRICE_POST_ONLY", "", exchange_errc::would_match},
    error_meaning{"PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY", "", exchange_errc::would_match},
    error_meaning{"INVALID_LIMIT_PRICE", "", exchange_errc::bad_precision},
    error_meaning{"INVALID_PRODUCT_ID", "", exchange_errc::instrument_unknown},
    error_meaning{"ORDER_ENTRY_DISABLED", "", exchange_errc::maintenance},
    error_meaning{"DUPLICATE_CLIENT_ORDER_ID", "", exchange_errc::duplicate_order},
    error_meaning{"UNSUPPORTED_ORDER_CONFIGURATION", "", exchange_errc::refused},
    error_meaning{"INVALID_ORDER_CONFIG", "", exchange_errc::refused},
    error_meaning{"INVALID_NO_LIQUIDITY", "", exchange_errc::refused},
};

struct words {
  std::string code, message;
};

/// {"error","message","error_details"}, or the older {"errors":[{"id","message"}]}.
words read_words(std::string_view body) {
  words out;
  json_source source;
  if (!source.load(body)) return out;
  json_fields f(source.document().get_object());
  out.code = f.optional_text("error");
  out.message = f.optional_text("message");
  if (!out.code.empty() || !f.ok()) return out;
  if (auto list = f.optional_array("errors"))
    json_fields::for_objects(*list, f, [&](json_fields& e) {
      if (out.code.empty()) {
        out.code = e.optional_text("id");
        out.message = e.optional_text("message");
      }
    });
  return out;
}

}  // namespace

error read_refusal(operation op, const client_response& answer) {
  auto said = read_words(answer.body);
  auto e = make_refusal(op, answer.status, said.code, said.message, find_meaning(meanings, said.code, said.message));
  if (e.code == make_error_code(exchange_errc::rate_limited)) {
    constexpr milliseconds usual_pause{1'000};
    auto wait = retry_after_of(answer);
    e.retry_after = wait ? std::chrono::ceil<milliseconds>(*wait) : usual_pause;
  }
  return e;
}

error make_order_refusal(std::string_view code, std::string_view message) {
  // The documented meaning of success=false is that no order was made; a reason without a name here is still a refusal.
  auto known = find_meaning(order_meanings, code, message).value_or(exchange_errc::refused);
  const bool undecided = code.empty() || code == "UNKNOWN_FAILURE_REASON" || code == "INTERNAL";
  return {undecided ? exchange_errc::unknown_outcome : known, describe_refusal(200, code, message)};
}

error make_cancel_refusal(std::string_view reason) {
  if (reason == "UNKNOWN_CANCEL_ORDER") return {exchange_errc::order_not_found, std::string(reason)};
  const bool refused = reason == "INVALID_CANCEL_REQUEST" || reason == "ORDER_IS_FULLY_FILLED" ||
                       reason == "DUPLICATE_CANCEL_REQUEST" || reason == "CANCEL_REQUEST_PENDING";
  return {refused ? exchange_errc::refused : exchange_errc::unknown_outcome, describe_refusal(200, reason, {})};
}

}  // namespace drover::exchanges::coinbase::advanced
