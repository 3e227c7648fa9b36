#include "tests/unit/web/contract.hpp"
#include "tests/unit/web/web_fixture.hpp"

namespace drover::web {
namespace {

using test::expect_members;
using test::web_fixture;

class AuditApi : public ::testing::Test {
protected:
  AuditApi() : root(f.token_of("root")) {
    for (int i = 1; i <= 5; ++i) {
      f.clock.advance(1s);
      const auto done = test::run(f.io, f.audit->append({.actor = i % 2 == 0 ? f.id_of("root") : user_id(),
                                                         .action = i == 3 ? "user.ban" : "account.approve",
                                                         .object = "account:" + std::to_string(i),
                                                         .detail = i == 4 ? "=1+1" : "no " + std::to_string(i)}));
      EXPECT_TRUE(done);
    }
  }
  net::http_response get(const std::string& query = {}, const std::string& token = {}) {
    return f.call("GET", "/admin/audit" + query, token.empty() ? root : token);
  }
  json list(const std::string& query = {}) {
    auto r = get(query);
    EXPECT_EQ(r.status, 200) << r.body;
    return web_fixture::parse(r);
  }
  web_fixture f;
  std::string root;
};

TEST_F(AuditApi, ListsTheNewestFirst) {
  const auto page = list();
  ASSERT_EQ(page["items"].size(), 5u);
  EXPECT_EQ(page["total"], 5);
  EXPECT_TRUE(page["next_cursor"].is_null());
  for (const auto& item : page["items"]) expect_members(item, "AuditEvent");
  EXPECT_EQ(page["items"][0]["subject"], "account:5");
  EXPECT_TRUE(page["items"][0]["actor"].is_null());
  EXPECT_EQ(page["items"][1]["actor"], f.id_of("root").value);
}

TEST_F(AuditApi, IsForAdministratorsOnly) {
  EXPECT_EQ(f.call("GET", "/admin/audit").status, 401);
  EXPECT_EQ(get({}, f.token_of("alice")).status, 403);
}

TEST_F(AuditApi, Filters) {
  EXPECT_EQ(list("?actor=0")["total"], 3);
  EXPECT_EQ(list("?actor=" + std::to_string(f.id_of("root").value))["total"], 2);
  EXPECT_EQ(list("?action=user.ban")["items"][0]["subject"], "account:3");
  EXPECT_EQ(list("?action=account.")["total"], 4);
  EXPECT_EQ(list("?subject=account:2")["total"], 1);
  const std::string at = list("?subject=account:2")["items"][0]["at"];
  EXPECT_EQ(list("?to=" + at)["total"], 1);
  EXPECT_EQ(list("?from=" + at)["total"], 4);
}

TEST_F(AuditApi, PagesByCursor) {
  std::vector<std::int64_t> seen;
  std::string query = "?limit=2";
  for (json page = list(query);; page = list(query)) {
    for (const auto& item : page["items"]) seen.push_back(item["seq"]);
    if (page["next_cursor"].is_null()) break;
    query = "?limit=2&cursor=" + page["next_cursor"].get<std::string>();
  }
  EXPECT_EQ(seen, (std::vector<std::int64_t>{5, 4, 3, 2, 1}));
}

TEST_F(AuditApi, GivesCsvThatNoSpreadsheetRuns) {
  const auto r = get("?format=csv");
  EXPECT_EQ(r.status, 200);
  EXPECT_EQ(find_header(r.headers, "Content-Type"), "text/csv; charset=utf-8");
  EXPECT_TRUE(r.body.starts_with("seq,at,actor,action,subject,detail\r\n")) << r.body;
  EXPECT_NE(r.body.find(",'=1+1\r\n"), std::string::npos) << r.body;
}

TEST_F(AuditApi, RefusesWhatItDoesNotUnderstand) {
  for (const auto* query :
       {"?actor=-1", "?actor=x", "?cursor=abc", "?limit=0", "?format=xml", "?who=me", "?from=yesterday"})
    EXPECT_EQ(get(query).status, 422) << query;
}

}  // namespace
}  // namespace drover::web
