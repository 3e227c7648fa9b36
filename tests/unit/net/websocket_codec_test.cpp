#include "net/websocket_codec.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace drover::net {
namespace {

using kind = websocket_event::kind;

/// A client's frame with the mask 1,2,3,4. `length_bytes`: 0 picks the shortest form.
std::string make_frame(unsigned first_byte, std::string_view payload, bool masked = true, int length_bytes = 0) {
  std::string frame(1, static_cast<char>(first_byte));
  const auto size = payload.size();
  if (length_bytes == 0) length_bytes = size < 126 ? 1 : size < 65536 ? 2 : 8;
  const unsigned bit = masked ? 0x80 : 0;
  if (length_bytes == 1) frame += static_cast<char>(bit | size);
  if (length_bytes > 1) {
    frame += static_cast<char>(bit | (length_bytes == 2 ? 126 : 127));
    for (int i = length_bytes - 1; i >= 0; --i) frame += static_cast<char>(static_cast<std::uint64_t>(size) >> (8 * i));
  }
  const std::string mask = "\x01\x02\x03\x04";
  if (masked) frame += mask;
  for (std::size_t i = 0; i < size; ++i) frame += masked ? static_cast<char>(payload[i] ^ mask[i % 4]) : payload[i];
  return frame;
}

struct seen_event {
  kind what;
  std::string payload;
  int code = 0;
  bool operator==(const seen_event&) const = default;
};
void PrintTo(const seen_event& e, std::ostream* out) {
  *out << "kind " << static_cast<int>(e.what) << " '" << e.payload.substr(0, 60) << "' code " << e.code;
}

/// Feeds pieces of `step` bytes; failures carry their reason, which is not compared.
std::vector<seen_event> decode(std::string bytes, std::size_t step = 1u << 20, std::size_t limit = 100'000) {
  websocket_decoder decoder(limit);
  std::vector<seen_event> seen;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    std::span<char> input(bytes.data() + at, std::min(step, bytes.size() - at));
    while (!input.empty()) {
      const auto event = decoder.next(input);
      if (event.what == kind::need_more) break;
      seen.push_back({event.what, event.what == kind::failure ? "" : std::string(event.payload), event.code});
      if (event.what == kind::failure) return seen;
    }
    decoder.release();
  }
  return seen;
}

std::vector<seen_event> failure(int code) { return {{kind::failure, "", code}}; }

TEST(WebsocketCodec, ReadsMessagesOfEverySizeAndCut) {
  for (std::size_t size : {0u, 1u, 7u, 125u, 126u, 127u, 300u, 65535u, 65536u, 70000u}) {
    const std::string text(size, 'x');
    for (std::size_t step : {std::size_t{1}, std::size_t{13}, std::size_t{4096}, std::size_t{1} << 20}) {
      const auto seen = decode(make_frame(0x81, text), step);
      ASSERT_EQ(seen.size(), 1u) << size << " by " << step;
      EXPECT_EQ(seen[0].payload, text);
      EXPECT_EQ(seen[0].what, kind::text);
    }
  }
}

TEST(WebsocketCodec, FragmentsJoinAndControlFramesMayComeBetween) {
  const auto bytes = make_frame(0x01, "he") + make_frame(0x89, "ping") + make_frame(0x00, "l") + make_frame(0x8a, "") +
                     make_frame(0x80, "lo") + make_frame(0x82, "next");
  const std::vector<seen_event> expected{
      {kind::ping, "ping"}, {kind::pong, ""}, {kind::text, "hello"}, {kind::binary, "next"}};
  for (std::size_t step = 1; step < bytes.size(); ++step) EXPECT_EQ(decode(bytes, step), expected) << step;
}

TEST(WebsocketCodec, ProtocolErrorsAre1002) {
  const std::vector<std::string> broken{
      make_frame(0x81, "x", false), make_frame(0xc1, "x"), make_frame(0xa1, "x"), make_frame(0x91, "x"),
      make_frame(0x83, "x"), make_frame(0x87, "x"), make_frame(0x8b, "x"), make_frame(0x8f, "x"),
      make_frame(0x09, "x"), make_frame(0x08, ""), make_frame(0x89, std::string(126, 'x')),
      make_frame(0x80, "x"), make_frame(0x00, "x"), make_frame(0x01, "a") + make_frame(0x81, "b"),
      make_frame(0x81, "x", true, 2), make_frame(0x81, "x", true, 8), make_frame(0x81, std::string(126, 'x'), true, 8),
      std::string("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04"), make_frame(0x88, "x"),
  };
  for (std::size_t i = 0; i < broken.size(); ++i)
    for (std::size_t step : {std::size_t{1}, std::size_t{1} << 20}) EXPECT_EQ(decode(broken[i], step), failure(1002)) << i;
}

TEST(WebsocketCodec, CloseCodesAreChecked) {
  const auto close = [](int code, std::string_view reason) {
    std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 255)};
    return make_frame(0x88, payload.append(reason));
  };
  for (int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535}) EXPECT_EQ(decode(close(code, "")), failure(1002)) << code;
  for (int code : {1000, 1001, 1002, 1003, 1007, 1011, 1013, 3000, 4999})
    EXPECT_EQ(decode(close(code, "why")), (std::vector<seen_event>{{kind::close, "why", code}}));
  EXPECT_EQ(decode(make_frame(0x88, "")), (std::vector<seen_event>{{kind::close, "", 1005}}));
  EXPECT_EQ(decode(close(1000, "\xff")), failure(1007));
}

TEST(WebsocketCodec, BrokenTextIs1007) {
  for (const char* text : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\x80", "\xe2\x82"})
    EXPECT_EQ(decode(make_frame(0x81, text)), failure(1007)) << text;
  EXPECT_EQ(decode(make_frame(0x82, "\xff")), (std::vector<seen_event>{{kind::binary, "\xff"}}));
}

TEST(WebsocketCodec, BrokenTextFailsBeforeTheFrameEnds) {
  const auto frame = make_frame(0x81, "abc\xff" + std::string(50'000, 'x'));
  EXPECT_EQ(decode(frame.substr(0, 30)), failure(1007));
}

TEST(WebsocketCodec, CharactersMayBeCutBetweenFragments) {
  const auto bytes = make_frame(0x01, "\xe2\x82") + make_frame(0x80, "\xac");
  EXPECT_EQ(decode(bytes), (std::vector<seen_event>{{kind::text, "\xe2\x82\xac"}}));
  EXPECT_EQ(decode(make_frame(0x01, "\xe2\x82") + make_frame(0x80, "")), failure(1007));
}

TEST(WebsocketCodec, LimitCountsAllFragmentsAndFailsAtTheHeader) {
  EXPECT_EQ(decode(make_frame(0x81, std::string(101, 'x')).substr(0, 8), 1, 100), failure(1009));
  EXPECT_EQ(decode(make_frame(0x01, std::string(60, 'x')) + make_frame(0x80, std::string(41, 'x')), 1u << 20, 100),
            failure(1009));
  EXPECT_EQ(decode(make_frame(0x81, std::string(100, 'x')), 1u << 20, 100).at(0).what, kind::text);
}

TEST(WebsocketCodec, HoldsNoMemoryBetweenMessages) {
  websocket_decoder decoder(1000);
  auto bytes = make_frame(0x81, "hello");
  std::span<char> first(bytes.data(), 3), second(bytes.data() + 3, bytes.size() - 3);
  EXPECT_EQ(decoder.next(first).what, kind::need_more);
  decoder.release();
  EXPECT_TRUE(decoder.holds_memory());
  EXPECT_EQ(decoder.next(second).what, kind::text);
  decoder.release();
  EXPECT_FALSE(decoder.holds_memory());
}

TEST(WebsocketCodec, HeadersUseTheShortestLength) {
  std::array<unsigned char, websocket_header_limit_bytes> out{};
  EXPECT_EQ(write_websocket_header(websocket_opcode::text, 125, out), 2u);
  EXPECT_EQ(out[0], 0x81);
  EXPECT_EQ(out[1], 125);
  EXPECT_EQ(write_websocket_header(websocket_opcode::binary, 126, out), 4u);
  EXPECT_EQ(out[3], 126);
  EXPECT_EQ(write_websocket_header(websocket_opcode::text, 65536, out), 10u);
  EXPECT_EQ(out[7], 1);
}

TEST(WebsocketCodec, LongReasonsAreCutBetweenCharacters) {
  std::string reason(122, 'x');
  const auto payload = make_close_payload(1000, reason + "\xC3\xA9");
  EXPECT_EQ(payload.size(), 2u + 122u);
  EXPECT_TRUE(make_close_payload(1005, "ignored").empty());
}

}  // namespace
}  // namespace drover::net
