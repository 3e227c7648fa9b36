#include "web/client_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/encoding.hpp"

namespace drover::web {

namespace {

bool contains(const std::vector<std::string>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

bool is_address(const std::string& text) {
  std::array<unsigned char, 16> bytes{};
  return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 || inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

std::string find_client_address(const net::http_request& http, const std::vector<std::string>& trusted_proxies) {
  std::string client = http.remote_address;
  if (!contains(trusted_proxies, client)) return client;
  auto rest = find_header(http.headers, "X-Forwarded-For");
  while (!rest.empty()) {
    auto comma = rest.rfind(',');
    auto start = comma == std::string_view::npos ? 0 : comma + 1;
    std::string hop(trim(rest.substr(start)));
    if (!is_address(hop)) return client;
    client = std::move(hop);
    if (!contains(trusted_proxies, client) || comma == std::string_view::npos) return client;
    rest = rest.substr(0, comma);
  }
  return client;
}

std::string rate_key_of(std::string_view address) {
  std::string text(address);
  std::array<char, 16> bytes{};
  if (text.find(':') == std::string::npos || inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
  return to_hex({bytes.data(), 8});
}

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1";
}

}  // namespace drover::web
