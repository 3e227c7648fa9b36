#include "exchanges/runtime/redaction.hpp"

namespace drover::exchanges {

namespace {
constexpr std::size_t least_secret = 4, longest_plain = 15;
constexpr std::string_view mask = "***";
}  // namespace

std::string redact(std::string_view text, std::string_view secret_text) {
  if (secret_text.size() < least_secret) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (;;) {
    const auto at = text.find(secret_text);
    out += text.substr(0, at);
    if (at == std::string_view::npos) return out;
    out += mask;
    text.remove_prefix(at + secret_text.size());
  }
}

std::string redact_long_strings(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    if (text[at] != '"') {
      out += text[at++];
      continue;
    }
    auto end = at + 1;
    while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
    end = end < text.size() ? end : text.size();
    const auto inner = text.substr(at + 1, end - at - 1);
    out += '"';
    out += inner.size() > longest_plain ? mask : inner;
    if (end < text.size()) out += '"';
    at = end + 1;
  }
  return out;
}

}  // namespace drover::exchanges
