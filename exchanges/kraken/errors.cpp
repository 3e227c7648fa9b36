#include "exchanges/kraken/errors.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::kraken {

namespace {

using enum exchange_errc;

/// Category and text of the documentation ("Spot errors"). What the categories EAPI, EOrder and EQuery refuse did not happen:
/// they are the authentication's, the order validation's and the lookup's.
constexpr std::array meanings{
    error_meaning{"EAPI", "invalid key", bad_credentials},
    error_meaning{"EAPI", "invalid signature", bad_credentials},
    error_meaning{"EAPI", "invalid nonce", clock_skew},
    error_meaning{"EAPI", "rate limit exceeded", rate_limited},
    error_meaning{"EAPI", "feature disabled", unsupported},
    error_meaning{"EAPI", "", refused},
    error_meaning{"ESession", "invalid session", bad_credentials},
    error_meaning{"EGeneral", "permission denied", permission_missing},
    error_meaning{"EGeneral", "temporary lockout", rate_limited},
    error_meaning{"EGeneral", "too many requests", rate_limited},
    // The refusal of a second open order with the same cl_ord_id, which is unique among a client's open orders only
    // (docs.kraken.com/api/docs/guides/spot-clordid). The wording is not published; it is what users' programs report and look for:
    // "EGeneral:Invalid arguments:cl_ord_id not unique". The other wordings below are what reads like one.
    error_meaning{"EGeneral", "cl_ord_id not unique", duplicate_order},
    error_meaning{"EGeneral", "invalid arguments:volume minimum", min_notional},
    error_meaning{"EGeneral", "invalid arguments:volume", bad_precision},
    error_meaning{"EGeneral", "invalid arguments:price", bad_precision},
    error_meaning{"EGeneral", "invalid arguments", refused},
    error_meaning{"EGeneral", "unknown method", unsupported},
    error_meaning{"EOrder", "insufficient", insufficient_funds},
    error_meaning{"EOrder", "order minimum not met", min_notional},
    error_meaning{"EOrder", "cost minimum not met", min_notional},
    error_meaning{"EOrder", "invalid price", bad_precision},
    error_meaning{"EOrder", "tick size", bad_precision},
    error_meaning{"EOrder", "post only", would_match},
    error_meaning{"EOrder", "unknown order", order_not_found},
    error_meaning{"EOrder", "rate limit exceeded", rate_limited},
    error_meaning{"EOrder", "duplicate", duplicate_order},
    error_meaning{"EOrder", "already exists", duplicate_order},
    error_meaning{"EOrder", "already in use", duplicate_order},
    error_meaning{"EOrder", "", refused},
    error_meaning{"EQuery", "unknown asset", instrument_unknown},
    error_meaning{"EQuery", "invalid asset pair", instrument_unknown},
    error_meaning{"EQuery", "", refused},
    error_meaning{"ETrade", "user locked", permission_missing},
    error_meaning{"EService", "market in", maintenance},
    error_meaning{"EService", "throttled", rate_limited},
    error_meaning{"EService", "deadline elapsed", refused},
};

constexpr std::array stream_meanings{
    error_meaning{"", "currency pair not supported", instrument_unknown},
    error_meaning{"", "token", bad_credentials},
    error_meaning{"", "permission", permission_missing},
    error_meaning{"", "rate limit", rate_limited},
    error_meaning{"", "exceeded msg rate", rate_limited},
    error_meaning{"", "unavailable", maintenance},
};

struct venue_error {
  std::string_view code, message;
};

/// "EOrder:Invalid price" → "EOrder", "Invalid price".
venue_error split(std::string_view text) {
  const auto colon = text.find(':');
  const auto code = text.substr(0, colon);
  const bool plain = !code.empty() && code.size() <= 16 && std::ranges::all_of(code, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
  if (!plain || colon == std::string_view::npos) return {{}, text};
  return {code, text.substr(colon + 1)};
}

}  // namespace

error make_venue_refusal(operation op, int http_status, std::string_view text) {
  const auto e = split(text);
  auto known = find_meaning(meanings, e.code, e.message);
  // An id that QueryOrders does not know.
  if (op == operation::find_order && e.code == "EOrder" && e.message == "Invalid order") known = order_not_found;
  // Offline, busy, timed out, broken: the order may have got through.
  if (!known && (e.code == "EService" || e.code == "EGeneral" || e.code == "EDatabase"))
    known = is_write(op) ? unknown_outcome : maintenance;
  return make_refusal(op, http_status, e.code, e.message, known);
}

error make_stream_refusal(std::string_view text) {
  const auto e = split(text);
  const auto known = e.code.empty() ? find_meaning(stream_meanings, "", text) : find_meaning(meanings, e.code, e.message);
  const auto fallback = e.code == "EService" || e.code == "EGeneral" ? maintenance : refused;
  return {known.value_or(fallback), describe_refusal(0, e.code.empty() ? "subscription" : e.code, e.message)};
}

std::optional<std::int64_t> find_throttle_end(std::string_view text) {
  constexpr std::string_view words = "Throttled: ";
  const auto at = text.find(words);
  if (at == std::string_view::npos) return std::nullopt;
  std::int64_t end_s = 0;
  const auto digits = text.substr(at + words.size());
  auto [stop, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), end_s);
  if (failure != std::errc() || end_s <= 0 || end_s > 7'000'000'000) return std::nullopt;
  return end_s;
}

}  // namespace drover::exchanges::kraken
