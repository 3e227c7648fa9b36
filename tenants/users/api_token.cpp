#include "tenants/users/api_token.hpp"

#include <fmt/core.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <charconv>

#include "base/encoding.hpp"
#include "crypto/mac.hpp"

namespace drover::tenants {
namespace {

namespace ip = boost::asio::ip;

constexpr std::string_view prefix = "eng_";
constexpr std::size_t secret_characters = 40, checksum_characters = 8;
constexpr std::size_t text_limit = 120;

std::string checksum_of(std::string_view text) {
  return fmt::format("{:08x}", crc32c(text));
}

std::optional<std::int64_t> take_number(std::string_view& rest) {
  const auto end_of_number = rest.find('_');
  if (end_of_number == rest.npos || end_of_number == 0 || rest.front() == '0') return std::nullopt;
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(rest.data(), rest.data() + end_of_number, value);
  if (ec != std::errc{} || end != rest.data() + end_of_number || value <= 0) return std::nullopt;
  rest.remove_prefix(end_of_number + 1);
  return value;
}

/// IPv4 addresses that arrived through an IPv6 socket are IPv4 addresses.
ip::address plain(const ip::address& a) {
  if (a.is_v6() && a.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, a.to_v6());
  return a;
}

bool is_in(const ip::network_v4& n, const ip::address& a) {
  return a.is_v4() && ip::network_v4(a.to_v4(), n.prefix_length()).network() == n.network();
}
bool is_in(const ip::network_v6& n, const ip::address& a) {
  return a.is_v6() && ip::network_v6(a.to_v6(), n.prefix_length()).network() == n.network();
}

}  // namespace

std::string_view to_string(token_scope s) {
  if (s == token_scope::admin) return "admin";
  return s == token_scope::write ? "write" : "read";
}

std::optional<token_scope> parse_token_scope(std::string_view text) {
  for (auto s : {token_scope::read, token_scope::write, token_scope::admin})
    if (to_string(s) == text) return s;
  return std::nullopt;
}

secret write_api_token(user_id user, std::int64_t id, std::string_view secret_part) {
  auto text = fmt::format("{}{}_{}_{}", prefix, user.value, id, secret_part);
  text += checksum_of(text);
  secret out(text);
  wipe_memory(text.data(), text.size());
  return out;
}

bool looks_like_api_token(std::string_view text) {
  return text.starts_with(prefix);
}

std::optional<api_token_text> read_api_token(std::string_view text) {
  if (!looks_like_api_token(text) || text.size() > text_limit || text.size() < checksum_characters) return std::nullopt;
  const auto body = text.substr(0, text.size() - checksum_characters);
  if (checksum_of(body) != text.substr(body.size())) return std::nullopt;
  auto rest = body.substr(prefix.size());
  const auto user = take_number(rest);
  if (!user) return std::nullopt;
  const auto id = take_number(rest);
  if (!id || rest.size() != secret_characters || rest.find_first_not_of("0123456789abcdef") != rest.npos)
    return std::nullopt;
  return api_token_text{user_id(*user), *id, rest};
}

std::string hash_token_secret(std::string_view secret_part) {
  return to_hex(crypto::sha256(secret_part));
}

bool is_network(std::string_view text) {
  boost::system::error_code ec;
  ip::make_address(std::string(text), ec);
  if (!ec) return true;
  ip::make_network_v4(std::string(text), ec);
  if (!ec) return true;
  const auto v6 = ip::make_network_v6(std::string(text), ec);
  // IPv4 addresses are compared as such: no address would be in it.
  return !ec && !v6.address().is_v4_mapped();
}

bool is_in(std::string_view network, std::string_view address) {
  boost::system::error_code ec;
  const auto given = ip::make_address(std::string(address), ec);
  if (ec) return false;
  const auto a = plain(given);
  const std::string text(network);
  const auto single = ip::make_address(text, ec);
  if (!ec) return plain(single) == a;
  const auto v4 = ip::make_network_v4(text, ec);
  if (!ec) return is_in(v4, a);
  const auto v6 = ip::make_network_v6(text, ec);
  return !ec && is_in(v6, a);
}

}  // namespace drover::tenants
