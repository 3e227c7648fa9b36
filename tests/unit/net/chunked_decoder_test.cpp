#include "net/chunked_decoder.hpp"

#include <gtest/gtest.h>

namespace drover::net {
namespace {

using progress = chunked_decoder::progress;

progress decode(std::string_view input, std::string& body, std::size_t limit = 1000) {
  chunked_decoder decoder(limit);
  return decoder.feed(input, body);
}

TEST(ChunkedDecoder, JoinsChunksAndLeavesTheNextRequest) {
  chunked_decoder decoder(1000);
  std::string body;
  std::string_view input = "5\r\nhello\r\n1;ext=\"x\"\r\n!\r\n0\r\nTrailer: x\r\n\r\nGET";
  EXPECT_EQ(decoder.feed(input, body), progress::done);
  EXPECT_EQ(body, "hello!");
  EXPECT_EQ(input, "GET");
}

TEST(ChunkedDecoder, ReadsByteByByte) {
  chunked_decoder decoder(1000);
  const std::string text = "a\r\n0123456789\r\n0\r\n\r\n";
  std::string body;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string_view one = std::string_view(text).substr(i, 1);
    EXPECT_EQ(decoder.feed(one, body), i + 1 == text.size() ? progress::done : progress::more);
  }
  EXPECT_EQ(body, "0123456789");
}

TEST(ChunkedDecoder, RefusesBrokenFraming) {
  std::string body;
  for (const char* text : {"\r\n", "g\r\n", "5\nhello", "5\r\nhelloX", "5\r\nhello\n", " 5\r\nhello\r\n", "5 \r\nhello\r\n",
                           "0x5\r\nhello\r\n", "-1\r\n", "123456789\r\n", "0\r\nA: b\n", "0\r\n\rX", "5;a\nb\r\n"})
    EXPECT_EQ(decode(text, body), progress::malformed) << text;
}

TEST(ChunkedDecoder, LimitsTheSumOfChunks) {
  std::string body;
  EXPECT_EQ(decode("5\r\nhello\r\n5\r\nhello\r\n", body, 9), progress::too_large);
  EXPECT_EQ(decode("ffffffff\r\n", body, 9), progress::too_large);
}

TEST(ChunkedDecoder, LimitsExtensions) {
  std::string body;
  EXPECT_EQ(decode("1;" + std::string(20'000, 'x'), body), progress::malformed);
}

}  // namespace
}  // namespace drover::net
