#include <algorithm>
#include <string>

#include "net/http_client.hpp"
#include "net/http_text.hpp"

namespace drover::net {

namespace {

constexpr std::size_t url_limit_bytes = 16 * 1024;

std::string_view get_default_port(std::string_view scheme) {
  if (scheme == "http" || scheme == "ws") return "80";
  if (scheme == "https" || scheme == "wss") return "443";
  return {};
}

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return false;
  const int value = std::stoi(std::string(text));
  return value > 0 && value <= 65535;
}

bool is_host_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_' ||
         c == ':';
}

/// Splits host and port; the brackets of an IPv6 address are taken off.
bool split_authority(std::string_view authority, url_parts& parts) {
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == authority.npos) return false;
    parts.host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
  } else {
    const auto colon = std::min(authority.find(':'), authority.size());
    parts.host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  if (parts.host.empty() || !std::all_of(parts.host.begin(), parts.host.end(), is_host_character)) return false;
  parts.port = port.empty() ? get_default_port(parts.scheme) : port.substr(1);
  return (port.empty() || port.front() == ':') && is_port(parts.port);
}

}  // namespace

result<url_parts> parse_url(std::string_view url) {
  url_parts parts;
  const auto colon = url.find("://");
  if (colon == url.npos || url.size() > url_limit_bytes) return fail(errc::malformed, "URL: no scheme, or too long");
  parts.scheme = url.substr(0, colon);
  std::transform(parts.scheme.begin(), parts.scheme.end(), parts.scheme.begin(),
                 [](unsigned char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : static_cast<char>(c); });
  if (get_default_port(parts.scheme).empty())
    return fail(errc::malformed, "URL: the scheme must be http, https, ws or wss");
  const auto rest = url.substr(colon + 3);
  const auto end = std::min(rest.find_first_of("/?#"), rest.size());
  if (!split_authority(rest.substr(0, end), parts)) return fail(errc::malformed, "URL: malformed host or port");
  parts.target = rest.substr(end);
  if (!parts.target.starts_with('/')) parts.target.insert(0, "/");
  for (const unsigned char c : parts.target)
    if (c <= 0x20 || c >= 0x7f || c == '#') return fail(errc::malformed, "URL: the path needs percent-encoding");
  return parts;
}

}  // namespace drover::net
