#include "web/router.hpp"

#include <gtest/gtest.h>

#include <array>

namespace drover::web {
namespace {

constexpr std::array table{
    route{"GET", "/user/exchanges"},          route{"POST", "/user/exchanges"},
    route{"GET", "/user/exchanges/{id}"},     route{"PATCH", "/user/exchanges/{id}/toggle"},
    route{"GET", "/admin/exchanges/pending"}, route{"POST", "/admin/exchanges/{id}/approve"},
};

TEST(Router, AcceptsOneTrailingSlashEverywhere) {
  router r(table);
  EXPECT_EQ(r.find("GET", "/user/exchanges").found, &table[0]);
  EXPECT_EQ(r.find("GET", "/user/exchanges/").found, &table[0]);
  EXPECT_EQ(r.find("PATCH", "/user/exchanges/7/toggle/").found, &table[3]);
  EXPECT_FALSE(r.find("GET", "/user/exchanges//").path_known);
}

TEST(Router, HandsOutParameters) {
  router r(table);
  auto o = r.find("GET", "/user/exchanges/42");
  ASSERT_EQ(o.found, &table[2]);
  EXPECT_EQ(o.parameters[0], "42");
}

TEST(Router, PrefersLiteralsToParameters) {
  router r(table);
  EXPECT_EQ(r.find("GET", "/admin/exchanges/pending").found, &table[4]);
  EXPECT_EQ(r.find("POST", "/admin/exchanges/9/approve").found, &table[5]);
}

TEST(Router, TellsWrongVerbFromUnknownPath) {
  router r(table);
  auto wrong = r.find("DELETE", "/user/exchanges");
  EXPECT_TRUE(wrong.path_known);
  EXPECT_EQ(wrong.found, nullptr);
  EXPECT_EQ(wrong.allow(), "GET, HEAD, POST");
  for (const auto* path : {"", "/", "/user", "/user/exchanges/1/2", "user/exchanges", "//", "/USER/exchanges"})
    EXPECT_FALSE(r.find("GET", path).path_known) << path;
}

TEST(Router, AnswersHeadByTheRouteOfGet) {
  router r(table);
  EXPECT_EQ(r.find("HEAD", "/user/exchanges").found, &table[0]);
}

TEST(Router, RefusesTwoRoutesForOneThing) {
  constexpr std::array twice{route{"GET", "/a/{x}"}, route{"GET", "/a/{y}"}};
  EXPECT_THROW(router r(twice), std::logic_error);
}

}  // namespace
}  // namespace drover::web
