#include "web/client_address.hpp"

#include <gtest/gtest.h>

#include "web/origins.hpp"

namespace drover::web {
namespace {

net::http_request from(std::string peer, header_list headers) {
  return {.method = "GET", .path = "/", .headers = std::move(headers), .remote_address = std::move(peer)};
}

TEST(ClientAddress, ForwardedHeadersOfStrangersAreIgnored) {
  auto r = from("203.0.113.9", {{"X-Forwarded-For", "10.0.0.1"}});
  EXPECT_EQ(find_client_address(r, {}), "203.0.113.9");
  EXPECT_EQ(find_client_address(r, {"127.0.0.1"}), "203.0.113.9");
}

TEST(ClientAddress, TrustedProxiesNameTheClient) {
  std::vector<std::string> trusted{"127.0.0.1", "10.0.0.2"};
  EXPECT_EQ(find_client_address(from("127.0.0.1", {{"X-Forwarded-For", "198.51.100.4"}}), trusted), "198.51.100.4");
  auto forged = from("127.0.0.1", {{"X-Forwarded-For", "1.1.1.1, 198.51.100.4, 10.0.0.2"}});
  EXPECT_EQ(find_client_address(forged, trusted), "198.51.100.4");
  EXPECT_EQ(find_client_address(from("127.0.0.1", {{"X-Forwarded-For", "garbage"}}), trusted), "127.0.0.1");
}

TEST(ClientAddress, SixtyFourBitsOfIpv6AreOneClient) {
  EXPECT_EQ(rate_key_of("2001:db8:1:2::1"), rate_key_of("2001:db8:1:2:ffff::9"));
  EXPECT_NE(rate_key_of("2001:db8:1:2::1"), rate_key_of("2001:db8:1:3::1"));
  EXPECT_EQ(rate_key_of("192.0.2.1"), "192.0.2.1");
}

TEST(Origins, OwnHostAndAllowlistMayOpenSockets) {
  std::vector<std::string> allowed{"https://dash.example"};
  auto with = [](std::string origin) {
    return from("1.2.3.4", {{"Host", "engine.example:8080"}, {"Origin", std::move(origin)}});
  };
  EXPECT_TRUE(may_open_socket(from("1.2.3.4", {{"Host", "x"}}), allowed));
  EXPECT_TRUE(may_open_socket(with("http://engine.example:8080"), allowed));
  EXPECT_TRUE(may_open_socket(with("https://ENGINE.example:8080"), allowed));
  EXPECT_TRUE(may_open_socket(with("https://dash.example"), allowed));
  for (const auto* bad : {"null", "https://evil.example", "https://dash.example.evil", "http://engine.example",
                          "https://dash.example:444", "engine.example:8080"})
    EXPECT_FALSE(may_open_socket(with(bad), allowed)) << bad;
}

}  // namespace
}  // namespace drover::web
