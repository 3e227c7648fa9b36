#include "net/response_reader.hpp"

#include <gtest/gtest.h>

namespace drover::net {
namespace {

using progress = response_reader::progress;

bool is_refused(std::string_view bytes) {
  response_reader reader(false, 1000);
  const auto fed = reader.feed(bytes);
  return !fed && fed.error().code == make_error_code(transport_errc::bad_answer);
}

TEST(ResponseReader, ReadsByteByByte) {
  for (const std::string text : {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n\r\nhello",
                                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
                                 "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"}) {
    response_reader reader(false, 1000);
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto fed = reader.feed(text.substr(i, 1));
      ASSERT_TRUE(fed) << text << " at " << i;
      ASSERT_EQ(*fed, i + 1 == text.size() ? progress::done : progress::more) << text << " at " << i;
    }
    EXPECT_TRUE(reader.is_connection_reusable());
    const auto response = reader.take();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "hello");
  }
}

TEST(ResponseReader, EmptyAnswersEnd) {
  response_reader none(false, 1000), head(true, 1000);
  EXPECT_EQ(*none.feed("HTTP/1.1 204 No Content\r\n\r\n"), progress::done);
  EXPECT_EQ(*head.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), progress::done);
}

TEST(ResponseReader, SurplusBytesSpoilTheConnection) {
  response_reader reader(false, 1000);
  EXPECT_EQ(*reader.feed("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP"), progress::done);
  EXPECT_FALSE(reader.is_connection_reusable());
}

TEST(ResponseReader, CloseDelimitedBodiesNeedTheEnd) {
  response_reader reader(false, 1000);
  EXPECT_EQ(*reader.feed("HTTP/1.1 200 OK\r\n\r\nhel"), progress::more);
  EXPECT_EQ(*reader.feed("lo"), progress::more);
  EXPECT_TRUE(reader.end_of_stream());
  EXPECT_FALSE(reader.is_connection_reusable());
  EXPECT_EQ(reader.take().body, "hello");
  response_reader cut(false, 1000);
  EXPECT_EQ(*cut.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"), progress::more);
  EXPECT_FALSE(cut.end_of_stream());
}

TEST(ResponseReader, AmbiguousFramingIsRefused) {
  for (const char* text : {"SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\nhello",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
                           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
                           "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"})
    EXPECT_TRUE(is_refused(text)) << text;
}

TEST(ResponseReader, LimitsAreEnforced) {
  EXPECT_TRUE(is_refused("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"));
  EXPECT_TRUE(is_refused("HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, 'x')));
  EXPECT_TRUE(is_refused("HTTP/1.1 200 OK\r\nA: " + std::string(40'000, 'x')));
}

}  // namespace
}  // namespace drover::net
