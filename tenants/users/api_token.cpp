#include "tenants/users/api_token.hpp"

#include <fmt/core.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include "base/encoding.hpp"
#include "crypto/mac.hpp"
#include "tenants/users/token_text_detail.hpp"

namespace drover::tenants {
namespace {

namespace ip = boost::asio::ip;

constexpr std::string_view prefix = "eng_";
constexpr std::size_t secret_characters = 40;

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
  return token_text::finish(fmt::format("{}{}_{}_{}", prefix, user.value, id, secret_part));
}

bool looks_like_api_token(std::string_view text) {
  return text.starts_with(prefix);
}

std::optional<api_token_text> read_api_token(std::string_view text) {
  auto rest = token_text::open(text, prefix);
  if (!rest) return std::nullopt;
  const auto user = token_text::take_number(*rest);
  if (!user) return std::nullopt;
  const auto id = token_text::take_number(*rest);
  if (!id || !token_text::is_secret_part(*rest, secret_characters)) return std::nullopt;
  return api_token_text{user_id(*user), *id, *rest};
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
