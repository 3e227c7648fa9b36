#include "net/http_text.hpp"

#include <gtest/gtest.h>

#include "net/http_client.hpp"
#include "net/utf8_validator.hpp"

namespace drover::net {
namespace {

TEST(HttpText, QueriesAreSplitAndDecoded) {
  const auto query = parse_query("a=1&b=x%20y+z&&c&d==");
  ASSERT_TRUE(query);
  EXPECT_EQ(*query, (query_list{{"a", "1"}, {"b", "x y z"}, {"c", ""}, {"d", "="}}));
  EXPECT_TRUE(parse_query("")->empty());
  EXPECT_FALSE(parse_query("a=%2"));
  EXPECT_FALSE(parse_query("a=%zz"));
  EXPECT_FALSE(parse_query("a&b&c", 2));
}

TEST(HttpText, DatesAreFixedLength) {
  EXPECT_EQ(to_http_date(wall_time{seconds(784111777)}), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(HttpText, ListsCompareWithoutCase) {
  EXPECT_TRUE(list_has_token("keep-alive, Upgrade", "upgrade"));
  EXPECT_FALSE(list_has_token("keep-alive, Upgrades", "upgrade"));
}

TEST(Url, PartsAreTakenApart) {
  const auto url = parse_url("HTTPS://api.example.com/a?b=c");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "api.example.com");
  EXPECT_EQ(url->port, "443");
  EXPECT_EQ(url->target, "/a?b=c");
  EXPECT_EQ(parse_url("ws://[::1]:8080")->host, "::1");
  EXPECT_EQ(parse_url("ws://[::1]:8080")->port, "8080");
  EXPECT_EQ(parse_url("http://h?x")->target, "/?x");
}

TEST(Url, BrokenOnesAreRefused) {
  for (const char* url : {"", "h", "ftp://h/", "http://", "http://a@h/", "http://h:0/", "http://h:99999/", "http://h:x/",
                          "http://h/ x", "http://h/\r\nA: b", "http://h/#f", "http://[::1/", "http://h:/"})
    EXPECT_FALSE(parse_url(url)) << url;
}

TEST(Utf8, BoundariesOfTheEncodingAreKnown) {
  for (const char* text : {"", "abc", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_utf8(text)) << text;
  for (const char* text : {"\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc2", "\xe2\x82"})
    EXPECT_FALSE(is_utf8(text)) << text;
}

}  // namespace
}  // namespace drover::net
