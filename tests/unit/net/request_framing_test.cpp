#include "net/request_framing.hpp"

#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string>

#include "tests/unit/net/framing_cases.hpp"

namespace drover::net {
namespace {

/// The answer's views end with `text`.
std::expected<request_head, framing_failure> parse(const std::string& text) {
  request_head head;
  const auto parsed = parse_request_head(text, {}, head);
  if (!parsed) return std::unexpected(parsed.error());
  return head;
}

/// Scans first, as the server does: what the scanner refuses never reaches the parser.
int get_status(const std::string& text) {
  head_scanner scanner;
  const auto scanned = scanner.scan(text, {});
  if (!scanned) return scanned.error().status;
  if (*scanned == head_scanner::progress::more) return 0;
  const auto parsed = parse(text.substr(0, scanner.head_size()));
  return parsed ? 200 : parsed.error().status;
}

TEST(RequestFraming, AmbiguousRequestsAreRefused) {
  for (const auto& c : test::refused_requests()) EXPECT_EQ(get_status(c.bytes), c.status) << c.name;
  EXPECT_GE(test::refused_requests().size(), 40u);
}

TEST(RequestFraming, OrdinaryRequestsPass) {
  for (const auto& c : test::accepted_requests()) EXPECT_EQ(get_status(c.bytes), 200) << c.name;
}

TEST(RequestFraming, AcceptedHeadsReadTheSameInBeast) {
  for (const auto& c : test::accepted_requests()) {
    head_scanner scanner;
    ASSERT_TRUE(scanner.scan(c.bytes, {}));
    request_head head;
    ASSERT_TRUE(parse_request_head(std::string_view(c.bytes).substr(0, scanner.head_size()), {}, head)) << c.name;
    boost::beast::http::request_parser<boost::beast::http::string_body> other;
    boost::system::error_code ec;
    const auto used = other.put(boost::asio::const_buffer(c.bytes.data(), scanner.head_size()), ec);
    EXPECT_FALSE(ec) << c.name << ": " << ec.message();
    EXPECT_EQ(used, scanner.head_size()) << c.name;
    EXPECT_EQ(other.chunked(), head.body == body_kind::chunked) << c.name;
    EXPECT_EQ(other.content_length().value_or(0), head.content_length) << c.name;
    EXPECT_EQ(std::string(other.get().method_string()), head.method) << c.name;
  }
}

TEST(RequestFraming, TargetIsDecodedAndSplit) {
  const std::string text = "GET /user/a%20b%C3%A9?x=%20&y HTTP/1.1\r\nHost: h\r\n\r\n";
  const auto head = parse(text);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->path, "/user/a b\xC3\xA9");
  EXPECT_EQ(head->query, "x=%20&y");
}

TEST(RequestFraming, HeaderValuesAreTrimmed) {
  const std::string text = "GET / HTTP/1.1\r\nHost: h\r\nA: \t x y \t\r\n\r\n";
  request_head head;
  ASSERT_TRUE(parse_request_head(text, {}, head));
  ASSERT_EQ(head.fields.size(), 2u);
  EXPECT_EQ(head.fields[1].value, "x y");
}

TEST(RequestFraming, ConnectionHeaderAndVersionDecideKeepAlive) {
  EXPECT_TRUE(parse("GET / HTTP/1.1\r\nHost: h\r\n\r\n")->keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.1\r\nHost: h\r\nConnection: foo, Close\r\n\r\n")->keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.0\r\nHost: h\r\n\r\n")->keep_alive);
}

TEST(RequestFraming, WebSocketHandshakeIsRecognised) {
  const std::string head = "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n";
  const auto parsed =
      parse(head + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->wants_websocket);
  const auto old = parse(head + "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().status, 426);
  const auto keyless = parse(head + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n");
  ASSERT_FALSE(keyless);
  EXPECT_EQ(keyless.error().status, 400);
}

TEST(HeadScanner, FindsTheEndByteByByte) {
  const std::string text = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  head_scanner scanner;
  for (std::size_t size = 1; size < text.size(); ++size) {
    const auto scanned = scanner.scan(std::string_view(text).substr(0, size), {});
    ASSERT_TRUE(scanned);
    EXPECT_EQ(*scanned, head_scanner::progress::more);
  }
  EXPECT_EQ(*scanner.scan(text + "next", {}), head_scanner::progress::complete);
  EXPECT_EQ(scanner.head_size(), text.size());
}

TEST(HeadScanner, LimitsAreEnforcedBeforeTheEndArrives) {
  head_scanner target;
  EXPECT_EQ(target.scan("GET /" + std::string(3000, 'a'), {}).error().status, 414);
  head_scanner header;
  EXPECT_EQ(header.scan("GET / HTTP/1.1\r\nA: " + std::string(9000, 'a'), {}).error().status, 431);
}

}  // namespace
}  // namespace drover::net
