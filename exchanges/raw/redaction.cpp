#include "exchanges/raw/redaction.hpp"

#include <array>
#include <cstring>
#include <optional>
#include <span>

#include "exchanges/protocol/operation.hpp"

namespace drover::exchanges {

namespace {

constexpr std::string_view mask = "***";
constexpr std::size_t longest_plain = 15;

/// Ends of names as venues spell them, in bodies and in headers that error pages repeat. Sources: the login, key and stream
/// answers of the venues' documentation.
constexpr std::array<std::string_view, 17> secret_endings{
    "istenKey", "isten_key", "oken",      "piKey",  "pi_key",  "pikey",   "APIKEY",     "API-KEY",      "ccessKey",
    "ccess_key", "ecret",    "ecretKey", "ecret_key", "assphrase", "ignature", "PASSPHRASE", "uthorization"};
/// Names that other words end with: what stands before must be no letter.
constexpr std::array<std::string_view, 3> secret_words{"sign", "SIGN", "jwt"};
constexpr std::array<std::string_view, 4> key_description_names{"key", "id", "label", "name"};
/// Shorter values behind a colon without quotes are words of a sentence.
constexpr std::size_t shortest_header_value = 8;

struct range {
  std::size_t begin = 0, end = 0;
};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool ends_parameter(char c) {
  return c == '&' || c == '"' || c == '\'' || c == '<' || c == '>' || c == ')' || c == '\\' || is_blank(c);
}

/// Where the string that opens behind `at` ends: at the same quote with as many backslashes before it, or at the end.
std::size_t end_of_string(std::string_view text, std::size_t at, std::size_t slashes) {
  while (at < text.size()) {
    const auto quote = text.find('"', at);
    if (quote == std::string_view::npos) return text.size();
    std::size_t before = 0;
    while (before < quote - at && text[quote - 1 - before] == '\\') ++before;
    // Of a plain string an even number of backslashes stands for itself; of a quoted one exactly its own number ends it.
    const bool ends = slashes == 0 ? before % 2 == 0 : before == slashes;
    if (ends) return quote - (slashes == 0 ? 0 : slashes);
    at = quote + 1;
  }
  return text.size();
}

/// The value of the JSON member whose name ends at `at`, when it is a text.
std::optional<range> find_member_value(std::string_view text, std::size_t at) {
  std::size_t slashes = 0;
  while (at < text.size() && text[at] == '\\') ++at, ++slashes;
  if (at >= text.size() || text[at] != '"') return std::nullopt;
  ++at;
  while (at < text.size() && is_blank(text[at])) ++at;
  if (at >= text.size() || text[at] != ':') return std::nullopt;
  ++at;
  while (at < text.size() && (is_blank(text[at]) || text[at] == '\\')) ++at;
  if (at >= text.size() || text[at] != '"') return std::nullopt;
  return range{at + 1, end_of_string(text, at + 1, slashes)};
}

/// "Name: value" of a header.
std::optional<range> find_header_value(std::string_view text, std::size_t at) {
  if (at >= text.size() || text[at] != ':') return std::nullopt;
  ++at;
  while (at < text.size() && text[at] == ' ') ++at;
  constexpr std::string_view bearer = "Bearer ";
  if (text.substr(at).starts_with(bearer)) at += bearer.size();
  auto end = at;
  while (end < text.size() && !ends_parameter(text[end]) && text[end] != ',' && text[end] != '}') ++end;
  if (end - at < shortest_header_value) return std::nullopt;
  return range{at, end};
}

/// The value of the parameter whose name ends at `at`.
std::optional<range> find_parameter_value(std::string_view text, std::size_t at) {
  constexpr std::string_view encoded_equals = "%3D";
  if (at < text.size() && text[at] == '=')
    ++at;
  else if (text.substr(at).starts_with(encoded_equals))
    at += encoded_equals.size();
  else
    return std::nullopt;
  auto end = at;
  while (end < text.size() && !ends_parameter(text[end])) ++end;
  if (end == at) return std::nullopt;
  return range{at, end};
}

std::size_t find_from(std::string_view text, std::string_view word, std::size_t from) {
  if (from >= text.size()) return std::string_view::npos;
  const auto* hit = static_cast<const char*>(memmem(text.data() + from, text.size() - from, word.data(), word.size()));
  return hit ? static_cast<std::size_t>(hit - text.data()) : std::string_view::npos;
}

/// Replaces the values of all members and parameters with this name. False: there is none, `out` is untouched.
bool mask_values(std::string_view text, std::string_view name, bool whole_word, std::string& out) {
  std::string made;
  std::size_t kept = 0;
  for (auto at = find_from(text, name, 0); at != std::string_view::npos; at = find_from(text, name, at + 1)) {
    if (at < kept) continue;
    if (whole_word && at > 0 && is_letter(text[at - 1])) continue;
    const auto behind = at + name.size();
    auto value = find_member_value(text, behind);
    if (!value) value = find_parameter_value(text, behind);
    if (!value) value = find_header_value(text, behind);
    if (!value || value->begin == value->end || text.substr(value->begin, value->end - value->begin) == mask) continue;
    made.append(text.substr(kept, value->begin - kept)).append(mask);
    kept = value->end;
  }
  if (kept == 0) return false;
  made.append(text.substr(kept));
  out = std::move(made);
  return true;
}

/// Every text of more than a few characters, names as well.
std::string mask_long_texts(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    const auto quote = text.find('"', at);
    if (quote == std::string_view::npos) break;
    const auto end = end_of_string(text, quote + 1, 0);
    const auto inner = text.substr(quote + 1, end - quote - 1);
    out.append(text.substr(at, quote + 1 - at)).append(inner.size() > longest_plain ? mask : inner);
    if (end < text.size()) out += '"';
    at = end < text.size() ? end + 1 : end;
  }
  if (at < text.size()) out.append(text.substr(at));
  return out;
}

void mask_names(std::span<const std::string_view> names, bool whole, std::string_view& text, std::string& scratch) {
  std::string made;
  for (auto name : names) {
    if (!mask_values(text, name, whole, made)) continue;
    scratch.swap(made);
    text = scratch;
  }
}

bool gives_access(std::string_view operation) { return operation == "stream_access" || operation == "keep_stream_access"; }

}  // namespace

bool may_hold_secrets(const raw_record& r) {
  if (!r.account.empty() || r.stream.ends_with(private_stream_ending)) return true;
  if (r.stream.ends_with(market_stream_ending)) return false;
  const auto op = parse_operation(r.operation);
  return !op || is_private(*op) || gives_access(r.operation);
}

std::string_view redact_body(std::string_view operation, std::string_view body, std::string& scratch) {
  auto text = body;
  if (gives_access(operation)) {
    scratch = mask_long_texts(text);
    text = scratch;
  }
  if (operation == "permissions") mask_names(key_description_names, true, text, scratch);
  mask_names(secret_endings, false, text, scratch);
  mask_names(secret_words, true, text, scratch);
  return text;
}

std::string redact_line(std::string_view text) {
  std::string scratch;
  mask_names(secret_endings, false, text, scratch);
  mask_names(secret_words, true, text, scratch);
  return std::string(text);
}

}  // namespace drover::exchanges
