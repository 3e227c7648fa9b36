#include "exchanges/protocol/answers.hpp"

#include <algorithm>
#include <charconv>

namespace drover::exchanges {

namespace {

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

exchange_errc meaning_without_table(operation op, int status, bool has_code) {
  if (status == 418 || status == 429) return exchange_errc::rate_limited;
  // Served by the edge before any trading happens.
  if (status == 401) return exchange_errc::bad_credentials;
  if (status == 451) return exchange_errc::refused;
  if (is_write(op)) return exchange_errc::unknown_outcome;
  if (status == 403 || status >= 500) return exchange_errc::maintenance;
  return has_code ? exchange_errc::refused : exchange_errc::protocol;
}

}  // namespace

std::optional<exchange_errc> find_meaning(std::span<const error_meaning> table, std::string_view code, std::string_view message) {
  std::string lower;
  for (const auto& m : table) {
    if (m.code != code) continue;
    if (m.phrase.empty()) return m.meaning;
    if (lower.empty()) lower = to_lower(message);
    if (lower.find(m.phrase) != std::string::npos) return m.meaning;
  }
  return std::nullopt;
}

std::string describe_refusal(int http_status, std::string_view code, std::string_view message) {
  std::string out = code.empty() ? "HTTP " + std::to_string(http_status) : std::string(code.substr(0, venue_words_limit));
  if (message.empty()) return out;
  out += ": ";
  for (char c : message.substr(0, venue_words_limit)) {
    auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte > 0x7e ? '?' : c;
  }
  return out;
}

error make_refusal(operation op, int http_status, std::string_view code, std::string_view message, std::optional<exchange_errc> known) {
  auto meaning = known.value_or(meaning_without_table(op, http_status, !code.empty()));
  if (is_write(op) && http_status >= 500) meaning = exchange_errc::unknown_outcome;
  return {meaning, describe_refusal(http_status, code, message)};
}

error make_unreadable(operation op, std::string_view what) {
  return {is_write(op) ? exchange_errc::unknown_outcome : exchange_errc::protocol,
          std::string(to_string(op)) + ": unexpected " + std::string(what.substr(0, venue_words_limit))};
}

std::optional<std::int64_t> whole_header(const header_list& headers, std::string_view name) {
  auto text = find_header(headers, name);
  std::int64_t value = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<nanoseconds> retry_after_of(const client_response& answer, nanoseconds limit) {
  auto wait = whole_header(answer.headers, "Retry-After");
  if (!wait || *wait < 0) return std::nullopt;
  auto longest = std::chrono::duration_cast<seconds>(limit).count();
  return std::chrono::seconds(std::min(*wait, longest));
}

}  // namespace drover::exchanges
