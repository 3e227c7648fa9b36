#include "exchanges/binance/errors.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "exchanges/binance/endpoints.hpp"
#include "exchanges/binance/parse.hpp"
#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::binance {

namespace {

constexpr std::size_t detail_limit = 200;
/// When the venue names no time: the rest of its one-minute window at most, its shortest ban.
constexpr milliseconds default_pause{60'000}, default_ban{120'000}, default_order_pause{10'000};
constexpr milliseconds longest_ban = 72h;

struct code_meaning {
  int code;
  exchange_errc meaning;
};

/// Codes with one meaning whatever the message says. All of them are refusals before anything happened.
constexpr std::array meanings{
    code_meaning{-1002, exchange_errc::permission_missing},
    code_meaning{-1003, exchange_errc::rate_limited},
    code_meaning{-1014, exchange_errc::refused},
    code_meaning{-1015, exchange_errc::rate_limited},
    code_meaning{-1016, exchange_errc::maintenance},
    code_meaning{-1020, exchange_errc::refused},
    code_meaning{-1021, exchange_errc::clock_skew},
    code_meaning{-1022, exchange_errc::bad_credentials},
    code_meaning{-1034, exchange_errc::rate_limited},
    code_meaning{-1111, exchange_errc::bad_precision},
    code_meaning{-1121, exchange_errc::instrument_unknown},
    code_meaning{-2008, exchange_errc::bad_credentials},
    code_meaning{-2013, exchange_errc::order_not_found},
    code_meaning{-2014, exchange_errc::bad_credentials},
    code_meaning{-2015, exchange_errc::bad_credentials},
    code_meaning{-2016, exchange_errc::maintenance},
    code_meaning{-2017, exchange_errc::bad_credentials},
    code_meaning{-2026, exchange_errc::order_not_found},
};

struct phrase_meaning {
  int code;
  /// Lower case.
  std::string_view phrase;
  exchange_errc meaning;
};

/// Codes that say what happened only in words; first match counts, an empty phrase is the code's default.
constexpr std::array phrases{
    phrase_meaning{-1013, "notional", exchange_errc::min_notional},
    phrase_meaning{-1013, "market is closed", exchange_errc::maintenance},
    phrase_meaning{-1013, "max_num", exchange_errc::refused},
    phrase_meaning{-1013, "max_position", exchange_errc::refused},
    phrase_meaning{-1013, "filter failure", exchange_errc::bad_precision},
    phrase_meaning{-1013, "invalid quantity", exchange_errc::bad_precision},
    phrase_meaning{-1013, "invalid price", exchange_errc::bad_precision},
    phrase_meaning{-1013, "", exchange_errc::refused},
    phrase_meaning{-2010, "insufficient balance", exchange_errc::insufficient_funds},
    phrase_meaning{-2010, "duplicate order", exchange_errc::duplicate_order},
    phrase_meaning{-2010, "immediately match", exchange_errc::would_match},
    phrase_meaning{-2010, "market is closed", exchange_errc::maintenance},
    phrase_meaning{-2010, "not permitted", exchange_errc::permission_missing},
    phrase_meaning{-2010, "not enabled", exchange_errc::permission_missing},
    phrase_meaning{-2010, "disabled on this account", exchange_errc::permission_missing},
    phrase_meaning{-2010, "notional", exchange_errc::min_notional},
    phrase_meaning{-2010, "filter failure", exchange_errc::bad_precision},
    phrase_meaning{-2010, "", exchange_errc::refused},
    phrase_meaning{-2011, "unknown order", exchange_errc::order_not_found},
    phrase_meaning{-2011, "does not exist", exchange_errc::order_not_found},
    phrase_meaning{-2011, "", exchange_errc::refused},
};

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

/// -1100 … -1135 complain about a parameter before anything is done with the request.
bool is_parameter_error(int code) { return code <= -1100 && code >= -1199; }

std::optional<exchange_errc> documented_refusal(int code, std::string_view message) {
  for (const auto& m : meanings)
    if (m.code == code) return m.meaning;
  auto lower = to_lower(message);
  for (const auto& p : phrases)
    if (p.code == code && lower.find(p.phrase) != std::string::npos) return p.meaning;
  if (is_parameter_error(code)) return exchange_errc::refused;
  return std::nullopt;
}

exchange_errc classify_without_code(operation op, int status) {
  if (status == 418 || status == 429) return exchange_errc::rate_limited;
  // The venue's legal notice is documented and is served before any trading happens.
  if (status == 451) return exchange_errc::refused;
  if (is_write(op)) return exchange_errc::unknown_outcome;
  if (status == 403 || status == 503) return exchange_errc::maintenance;
  if (status >= 500) return exchange_errc::unknown_outcome;
  return exchange_errc::protocol;
}

exchange_errc classify_code(operation op, int status, int code, std::string_view message) {
  if (code == -1006 || code == -1007) return exchange_errc::unknown_outcome;
  // A 5xx never proves a refusal of a write, whatever its body says.
  if (is_write(op) && status >= 500) return exchange_errc::unknown_outcome;
  if (code == -1008) return is_write(op) ? exchange_errc::unknown_outcome : exchange_errc::maintenance;
  if (auto known = documented_refusal(code, message)) return *known;
  if (code == 0) return classify_without_code(op, status);
  if (is_write(op) || code == -1000 || code == -1001) return exchange_errc::unknown_outcome;
  return status >= 500 ? exchange_errc::maintenance : exchange_errc::refused;
}

/// The venue's words go to people and logs: bounded, printable.
std::string describe(int status, int code, std::string_view message) {
  std::string out = code ? std::to_string(code) : "HTTP " + std::to_string(status);
  if (message.empty()) return out;
  out += ": ";
  for (char c : message.substr(0, detail_limit)) {
    auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte > 0x7e ? '?' : c;
  }
  return out;
}

std::optional<std::int64_t> leading_number(std::string_view text) {
  std::int64_t value = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || value < 0) return std::nullopt;
  return value;
}

milliseconds pause_of(int status, int code, std::string_view message, std::optional<wall_time> server_now) {
  constexpr std::string_view until = "banned until ";
  if (auto at = message.find(until); at != std::string_view::npos && server_now) {
    if (auto end = leading_number(message.substr(at + until.size())))
      return milliseconds(std::clamp<std::int64_t>(*end - server_now->ms(), 0, longest_ban.count()));
  }
  if (status == 418) return default_ban;
  return code == -1015 ? default_order_pause : default_pause;
}

}  // namespace

error classify(operation op, int http_status, int code, std::string_view message, std::optional<wall_time> server_now) {
  // 418 and 429 are the edge's own answers: the request was not let in, whatever code the body carries.
  bool turned_away = http_status == 418 || http_status == 429;
  auto meaning = turned_away ? exchange_errc::rate_limited : classify_code(op, http_status, code, message);
  error e(meaning, describe(http_status, code, message));
  if (meaning == exchange_errc::rate_limited) e.retry_after = pause_of(http_status, code, message, server_now);
  return e;
}

error classify_answer(operation op, const client_response& answer, std::optional<wall_time> server_now) {
  auto said = parse_error(answer.body).value_or(venue_error{});
  auto e = classify(op, answer.status, said.code, said.message, server_now);
  if (!e.retry_after) return e;
  if (auto after = leading_number(find_header(answer.headers, "Retry-After")))
    e.retry_after = std::min<milliseconds>(seconds(std::min<std::int64_t>(*after, longest_ban.count() / 1000)), longest_ban);
  return e;
}

limit_report read_limits(const client_response& answer, wall_time server_now) {
  constexpr std::pair<std::string_view, std::size_t> counters[]{{"X-MBX-USED-WEIGHT-1M", rules::request_weight},
                                                                {"X-MBX-ORDER-COUNT-10S", rules::orders_10s},
                                                                {"X-MBX-ORDER-COUNT-1D", rules::orders_1d}};
  limit_report out;
  for (const auto& [header, rule] : counters) {
    const auto used = whole_header(answer.headers, header);
    if (used && *used > 0 && *used <= std::numeric_limits<int>::max())
      out.readings.push_back({rule, static_cast<int>(*used), std::nullopt, std::nullopt});
  }
  if (answer.status != 418 && answer.status != 429) return out;
  const auto e = classify_answer(operation::server_time, answer, server_now);
  (concerns_everybody(answer) ? out.address_ban : out.account_ban) = e.retry_after;
  return out;
}

bool concerns_everybody(const client_response& answer) {
  if (answer.status == 418) return true;
  if (answer.status != 429) return false;
  auto said = parse_error(answer.body);
  return !said || said->code != -1015;
}

}  // namespace drover::exchanges::binance
