#include "exchanges/mexc/errors.hpp"

#include <array>

#include "exchanges/json_fields_detail.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::mexc {

namespace {

/// mexcdevelop.github.io, spot v3 "Error codes": refusals before anything was done.
constexpr std::array meanings{
    error_meaning{"10072", "", exchange_errc::bad_credentials},
    error_meaning{"700001", "", exchange_errc::bad_credentials},
    error_meaning{"700002", "", exchange_errc::bad_credentials},
    error_meaning{"401", "", exchange_errc::bad_credentials},
    error_meaning{"402", "", exchange_errc::bad_credentials},
    error_meaning{"602", "", exchange_errc::bad_credentials},
    error_meaning{"10001", "", exchange_errc::bad_credentials},
    error_meaning{"700003", "", exchange_errc::clock_skew},
    error_meaning{"700005", "", exchange_errc::refused},
    error_meaning{"700006", "", exchange_errc::ip_not_allowed},
    error_meaning{"406", "", exchange_errc::ip_not_allowed},
    error_meaning{"700007", "", exchange_errc::permission_missing},
    error_meaning{"30020", "", exchange_errc::permission_missing},
    error_meaning{"70011", "", exchange_errc::permission_missing},
    error_meaning{"701", "", exchange_errc::permission_missing},
    error_meaning{"702", "", exchange_errc::permission_missing},
    error_meaning{"429", "", exchange_errc::rate_limited},
    error_meaning{"510", "", exchange_errc::rate_limited},
    error_meaning{"30004", "", exchange_errc::insufficient_funds},
    error_meaning{"30005", "", exchange_errc::insufficient_funds},
    error_meaning{"10101", "", exchange_errc::insufficient_funds},
    error_meaning{"30002", "", exchange_errc::min_notional},
    error_meaning{"30003", "", exchange_errc::bad_precision},
    error_meaning{"30010", "", exchange_errc::bad_precision},
    error_meaning{"400", "scale", exchange_errc::bad_precision},
    error_meaning{"400", "api key", exchange_errc::bad_credentials},
    error_meaning{"400", "", exchange_errc::refused},
    error_meaning{"-1121", "", exchange_errc::instrument_unknown},
    error_meaning{"10007", "", exchange_errc::instrument_unknown},
    error_meaning{"30014", "", exchange_errc::instrument_unknown},
    error_meaning{"30021", "", exchange_errc::instrument_unknown},
    error_meaning{"-2011", "", exchange_errc::order_not_found},
    error_meaning{"-2013", "", exchange_errc::order_not_found},
    error_meaning{"30000", "", exchange_errc::maintenance},
    error_meaning{"30016", "", exchange_errc::maintenance},
    error_meaning{"30001", "", exchange_errc::refused},
    error_meaning{"30018", "", exchange_errc::refused},
    error_meaning{"30019", "", exchange_errc::refused},
    error_meaning{"30025", "", exchange_errc::refused},
    error_meaning{"30026", "", exchange_errc::refused},
    error_meaning{"30027", "", exchange_errc::refused},
    error_meaning{"30028", "", exchange_errc::refused},
    error_meaning{"30029", "", exchange_errc::refused},
    error_meaning{"30032", "", exchange_errc::refused},
    error_meaning{"30041", "", exchange_errc::refused},
    error_meaning{"-1128", "", exchange_errc::refused},
    error_meaning{"33333", "", exchange_errc::refused},
    error_meaning{"44444", "", exchange_errc::refused},
    error_meaning{"700004", "", exchange_errc::refused},
    error_meaning{"700008", "", exchange_errc::refused},
    error_meaning{"700013", "", exchange_errc::refused},
    // The documented codes (www.mexc.com/api-docs/spot-v3/error-code) have none for a client id that is in use: this is what Binance,
    // whose codes below zero the venue shares, says of it. Any other refusal stays "refused".
    error_meaning{"-2010", "duplicate", exchange_errc::duplicate_order},
};

/// The longest of the venue's windows.
constexpr milliseconds default_pause{10'000};

}  // namespace

error make_coded_refusal(operation op, int http_status, std::int64_t code, std::string_view message) {
  const auto text = code == 0 ? std::string() : std::to_string(code);
  auto out = make_refusal(op, http_status, text, message, find_meaning(meanings, text, message));
  if (out.code == make_error_code(exchange_errc::rate_limited)) out.retry_after = default_pause;
  return out;
}

error read_refusal(operation op, const client_response& answer) {
  thread_local json_source source;
  std::int64_t code = 0;
  std::string message;
  if (source.load(answer.body)) {
    json_fields f(source.document().get_object());
    code = f.optional_integer("code").value_or(0);
    message = f.optional_text("msg");
    if (message.empty()) message = f.optional_text("message");
    if (!f.ok()) code = 0, message.clear();
  }
  auto out = make_coded_refusal(op, answer.status, code, message);
  if (out.retry_after)
    if (auto told = retry_after_of(answer)) out.retry_after = std::chrono::duration_cast<milliseconds>(*told);
  return out;
}

}  // namespace drover::exchanges::mexc
