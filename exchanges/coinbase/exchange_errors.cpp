#include <array>
#include <string>

#include "exchanges/coinbase/exchange_parse.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::coinbase::institutional {

namespace {

/// The API names no codes: the words are all there is. All of these are said before the matching engine sees the
/// request.
constexpr std::array meanings{
    error_meaning{"", "ip does not match", exchange_errc::ip_not_allowed},
    error_meaning{"", "timestamp expired", exchange_errc::clock_skew},
    error_meaning{"", "invalid timestamp", exchange_errc::clock_skew},
    error_meaning{"", "invalid api key", exchange_errc::bad_credentials},
    error_meaning{"", "invalid signature", exchange_errc::bad_credentials},
    error_meaning{"", "invalid passphrase", exchange_errc::bad_credentials},
    error_meaning{"", "forbidden", exchange_errc::permission_missing},
    error_meaning{"", "insufficient funds", exchange_errc::insufficient_funds},
    error_meaning{"", "is too small", exchange_errc::min_notional},
    error_meaning{"", "is too accurate", exchange_errc::bad_precision},
    error_meaning{"", "too precise", exchange_errc::bad_precision},
    error_meaning{"", "is too large", exchange_errc::bad_precision},
    error_meaning{"", "post only", exchange_errc::would_match},
    error_meaning{"", "duplicate client", exchange_errc::duplicate_order},
    error_meaning{"", "client_oid must be unique", exchange_errc::duplicate_order},
    error_meaning{"", "already done", exchange_errc::order_not_found},
    error_meaning{"", "order not found", exchange_errc::order_not_found},
    error_meaning{"", "product not found", exchange_errc::instrument_unknown},
    error_meaning{"", "notfound", exchange_errc::order_not_found},
    error_meaning{"", "rate limit exceeded", exchange_errc::rate_limited},
    error_meaning{"", "cancel only mode", exchange_errc::maintenance},
    error_meaning{"", "post only mode", exchange_errc::maintenance},
    error_meaning{"", "trading disabled", exchange_errc::maintenance},
    error_meaning{"", "invalid client_oid", exchange_errc::refused},
};

std::string read_message(std::string_view body) {
  json_source source;
  if (!source.load(body)) return {};
  json_fields f(source.document().get_object());
  return std::string(f.optional_text("message"));
}

}  // namespace

error read_refusal(operation op, const client_response& answer) {
  const auto message = read_message(answer.body);
  auto known = find_meaning(meanings, "", message);
  // "NotFound" of a public call names no order.
  if (known == exchange_errc::order_not_found && !is_private(op)) known = exchange_errc::instrument_unknown;
  // A JSON message with 400 is the documented refusal of the gate, also where the wording is new.
  if (!known && answer.status == 400 && !message.empty()) known = exchange_errc::refused;
  auto e = make_refusal(op, answer.status, "", message, known);
  if (e.code == make_error_code(exchange_errc::rate_limited)) {
    constexpr milliseconds usual_pause{1'000};
    auto wait = retry_after_of(answer);
    e.retry_after = wait ? std::chrono::ceil<milliseconds>(*wait) : usual_pause;
  }
  return e;
}

}  // namespace drover::exchanges::coinbase::institutional
