#include "tests/integration/web/web_world.hpp"

// After <utility>, which it needs.
#include "tests/integration/net/raw_client.hpp"

namespace drover::web {
namespace {

using test::web_world;

struct error_case {
  std::string name, method, path;
  /// "", "alice", "root", or a token as it is after "raw:".
  std::string who;
  std::string body;
  int status;
  std::string type;
  header_list headers = {};
};

const std::string good_account =
    R"({"exchange_name":"paper","api_key":"key-0001-0009","api_secret":"secret-0001","label":"A"})";

/// `{id}` stands for an account of alice, `{foreign}` for one of bob.
std::vector<error_case> make_cases() {
  const std::string vf = "validation-failed", nf = "not-found", br = "bad-request";
  std::vector<error_case> cases{
      {"unknown path", "GET", "/nothing", "", "", 404, nf},
      {"unknown path, logged in", "POST", "/api/nothing", "alice", "{}", 404, nf},
      {"almost a path", "GET", "/user/exchange", "alice", "", 404, nf},
      {"too deep", "GET", "/user/exchanges/1/toggle/x", "alice", "", 404, nf},
      {"double slash", "GET", "/user//exchanges", "alice", "", 404, nf},
      {"capital letters", "GET", "/User/Exchanges", "alice", "", 404, nf},
      {"wrong verb on a list", "PUT", "/user/exchanges/", "alice", "{}", 405, "method-not-allowed"},
      {"wrong verb on an item", "POST", "/user/exchanges/{id}", "alice", "{}", 405, "method-not-allowed"},
      {"wrong verb on toggle", "GET", "/user/exchanges/{id}/toggle", "alice", "", 405, "method-not-allowed"},
      {"login by GET", "GET", "/client/login", "", "", 405, "method-not-allowed"},
      {"ban by GET", "GET", "/backend/ban-user/name/bob/now", "root", "", 405, "method-not-allowed"},
      {"delete health", "DELETE", "/healthz", "", "", 405, "method-not-allowed"},
      {"no token", "GET", "/user/exchanges/", "", "", 401, "unauthorized"},
      {"no token for admin", "GET", "/admin/exchanges/pending", "", "", 401, "unauthorized"},
      {"no token for figures", "GET", "/stats/now", "", "", 401, "unauthorized"},
      {"no token to log out", "POST", "/client/logout", "", "", 401, "unauthorized"},
      {"no token for earnings", "GET", "/api/earnings", "", "", 401, "unauthorized"},
      {"basic instead of bearer", "GET", "/api/user", "", "", 401, "unauthorized", {{"Authorization", "Basic YTpi"}}},
      {"token in the query", "GET", "/api/user?access_token=x", "", "", 401, "unauthorized"},
      {"garbage token", "GET", "/api/user", "raw:garbage", "", 401, "invalid-token"},
      {"token of a number", "GET", "/api/user", "raw:1", "", 401, "invalid-token"},
      {"unsigned token", "GET", "/api/user", "raw:MToxNzAwMDAwMDAwOnNpZw", "", 401, "invalid-token"},
      {"long token", "GET", "/api/user", "raw:" + std::string(3000, 'A'), "", 401, "invalid-token"},
      {"tenant reads pending", "GET", "/admin/exchanges/pending", "alice", "", 403, "forbidden"},
      {"tenant reads all", "GET", "/admin/exchanges", "alice", "", 403, "forbidden"},
      {"tenant approves", "POST", "/admin/exchanges/{id}/approve", "alice", "{}", 403, "forbidden"},
      {"tenant rejects", "POST", "/admin/exchanges/{id}/reject", "alice", R"({"reason":"x"})", 403, "forbidden"},
      {"tenant bans", "POST", "/backend/ban-user/name/bob/now", "alice", "", 403, "forbidden"},
      {"tenant reads figures", "GET", "/stats/now", "alice", "", 403, "forbidden"},
      {"id is a word", "GET", "/user/exchanges/abc", "alice", "", 404, nf},
      {"id is zero", "GET", "/user/exchanges/0", "alice", "", 404, nf},
      {"id is negative", "GET", "/user/exchanges/-1", "alice", "", 404, nf},
      {"id has a plus", "GET", "/user/exchanges/+1", "alice", "", 404, nf},
      {"id has a fraction", "GET", "/user/exchanges/1.5", "alice", "", 404, nf},
      {"id has a leading zero", "GET", "/user/exchanges/01", "alice", "", 404, nf},
      {"id is too large", "GET", "/user/exchanges/99999999999999999999", "alice", "", 404, nf},
      {"id is missing", "GET", "/user/exchanges/9223372036854775807", "alice", "", 404, nf},
      {"id is SQL", "GET", "/user/exchanges/1%27%20OR%201=1--", "alice", "", 404, nf},
      {"foreign read", "GET", "/user/exchanges/{foreign}", "alice", "", 404, nf},
      {"foreign delete", "DELETE", "/user/exchanges/{foreign}", "alice", "", 404, nf},
      {"foreign label", "PATCH", "/user/exchanges/{foreign}", "alice", R"({"label":"x"})", 404, nf},
      {"foreign toggle", "PATCH", "/user/exchanges/{foreign}/toggle", "alice", R"({"is_active":false})", 404, nf},
      {"admin reads a tenant's", "GET", "/user/exchanges/{foreign}", "root", "", 404, nf},
      {"approve nothing", "POST", "/admin/exchanges/99999/approve", "root", "{}", 404, nf},
      {"reject nothing", "POST", "/admin/exchanges/99999/reject", "root", R"({"reason":"x"})", 404, nf},
      {"ban nobody", "POST", "/backend/ban-user/name/nobody/now", "root", "", 404, nf},
      {"ban oneself", "POST", "/backend/ban-user/name/root/now", "root", "", 409, "own-account"},
      {"form instead of JSON",
       "POST",
       "/client/login",
       "",
       "username=a",
       415,
       "unsupported-media-type",
       {{"Content-Type", "application/x-www-form-urlencoded"}}},
      {"text instead of JSON",
       "POST",
       "/user/exchanges/",
       "alice",
       good_account,
       415,
       "unsupported-media-type",
       {{"Content-Type", "text/plain"}}},
      {"no body", "POST", "/user/exchanges/", "alice", "", 415, "unsupported-media-type"},
      {"unknown exchange", "POST", "/user/exchanges/", "alice",
       R"({"exchange_name":"mtgox","api_key":"key-0001-0009","api_secret":"secret-0001","label":"A"})", 422, vf},
      {"duplicate key", "POST", "/user/exchanges/", "bob",
       R"({"exchange_name":"paper","api_key":"alice-key-0001","api_secret":"secret-0001","label":"A"})", 409,
       "account-already-connected"},
      {"missing passphrase", "POST", "/user/exchanges/", "alice",
       R"({"exchange_name":"okx","api_key":"key-0001-0009","api_secret":"secret-0001","label":"A"})", 422, vf},
      {"status smuggled in", "POST", "/user/exchanges/", "alice",
       R"({"exchange_name":"paper","api_key":"key-0001-0009","api_secret":"secret-0001","label":"A","status":"APPROVED"})",
       422, vf},
      {"owner smuggled in", "POST", "/user/exchanges/", "alice",
       R"({"exchange_name":"paper","api_key":"key-0001-0009","api_secret":"secret-0001","label":"A","user_id":1})", 422,
       vf},
      {"secret alone", "PATCH", "/user/exchanges/{id}", "alice", R"({"api_secret":"secret-0001"})", 422, vf},
      {"key alone", "PATCH", "/user/exchanges/{id}", "alice", R"({"api_key":"key-0001-0009"})", 422, vf},
      {"nothing to change", "PATCH", "/user/exchanges/{id}", "alice", "{}", 422, vf},
      {"exchange cannot change", "PATCH", "/user/exchanges/{id}", "alice", R"({"exchange_name":"okx"})", 422, vf},
      {"activate before approval", "PATCH", "/user/exchanges/{id}/toggle", "alice", R"({"is_active":true})", 409,
       "account-not-approved"},
      {"stale review", "POST", "/admin/exchanges/{id}/approve", "root", R"({"reviewed_version":7})", 409,
       "already-decided"},
      {"approve one's own", "POST", "/admin/exchanges/{own}/approve", "root", "{}", 403, "own-account"},
      {"reject without reason", "POST", "/admin/exchanges/{id}/reject", "root", "{}", 422, vf},
      {"reject with an empty reason", "POST", "/admin/exchanges/{id}/reject", "root", R"({"reason":""})", 422, vf},
      {"unknown status", "GET", "/admin/exchanges?status=MAYBE", "root", "", 422, vf},
      {"limit of words", "GET", "/user/exchanges/?limit=many", "alice", "", 422, vf},
      {"limit too large", "GET", "/user/exchanges/?limit=201", "alice", "", 422, vf},
      {"limit of nothing", "GET", "/user/exchanges/?limit=0", "alice", "", 422, vf},
      {"limit twice", "GET", "/user/exchanges/?limit=1&limit=2", "alice", "", 422, vf},
      {"unknown parameter", "GET", "/user/exchanges/?color=red", "alice", "", 422, vf},
      {"broken escape", "GET", "/user/exchanges/?limit=%zz", "alice", "", 400, br},
      {"NUL in the query", "GET", "/api/earnings?source=%00", "alice", "", 400, br},
      {"unknown source", "GET", "/api/earnings?source=theft", "alice", "", 422, vf},
      {"time that is none", "GET", "/api/earnings?from=yesterday", "alice", "", 422, vf},
      {"times the wrong way round", "GET", "/api/earnings?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "alice",
       "", 422, vf},
      {"series without asset", "GET", "/api/earnings/series?range=24h", "alice", "", 422, vf},
      {"series of a strange asset", "GET", "/api/earnings/series?asset=usdt%27&range=24h", "alice", "", 422, vf},
      {"series of a strange range", "GET", "/api/earnings/series?asset=USDT&range=2h", "alice", "", 422, vf},
      {"wrong password", "POST", "/client/login", "", R"({"username":"alice","password":"wrong password"})", 401,
       "bad-login"},
      {"unknown user", "POST", "/client/login", "", R"({"username":"nobody","password":"wrong password"})", 401,
       "bad-login"},
      {"NUL in a name", "POST", "/client/login", "", "{\"username\":\"a\\u0000\",\"password\":\"wrong password\"}", 400,
       br},
      {"socket path without upgrade", "GET", "/ws/dashboard", "", "", 426, "upgrade-required"},
  };
  // Bodies that no route takes.
  const std::vector<std::pair<std::string, int>> bodies{
      {"{", 400},
      {"{\"username\":}", 400},
      {"{'username':'a'}", 400},
      {"{\"a\":1,\"a\":2}", 400},
      {"\xff\xfe", 400},
      {"{\"a\":1e999}", 400},
      {"{} {}", 400},
      {std::string(200, '['), 400},
      {"[]", 422},
      {"\"text\"", 422},
      {"null", 422},
      {"{}", 422},
      {R"({"username":1,"password":true})", 422},
      {R"({"username":null,"password":null})", 422},
      {R"({"username":"a","password":""})", 422},
      {R"({"username":"a","password":"b","admin":true})", 422},
      {R"({"username":")" + std::string(500, 'a') + R"(","password":"b"})", 422}};
  for (const auto& [body, status] : bodies)
    cases.push_back(
        {"login body " + body.substr(0, 30), "POST", "/client/login", "", body, status, status == 400 ? br : vf});
  for (const auto* body :
       {R"({"is_active":"yes"})", R"({"is_active":1})", R"({"is_active":null})", "{}", R"({"is_active":false,"x":1})"})
    cases.push_back(
        {std::string("toggle body ") + body, "PATCH", "/user/exchanges/{id}/toggle", "alice", body, 422, vf});
  return cases;
}

void replace(std::string& text, const std::string& what, std::int64_t id) {
  auto at = text.find(what);
  if (at != std::string::npos) text.replace(at, what.size(), std::to_string(id));
}

TEST(WebErrors, EachMistakeHasItsStatusAndNoneIsOurs) {
  web_world w;
  auto id = w.add_account("alice", "alice-key-0001");
  auto foreign = w.add_account("bob", "bob-key-0001");
  auto own = w.add_account("root", "root-key-0001");
  auto cases = make_cases();
  EXPECT_GE(cases.size(), 60u);
  for (auto& c : cases) {
    replace(c.path, "{id}", id);
    replace(c.path, "{foreign}", foreign);
    replace(c.path, "{own}", own);
    std::string token = c.who.starts_with("raw:") ? c.who.substr(4) : c.who.empty() ? "" : w.token_of(c.who);
    auto r = w.call(c.method, c.path, token, c.body, c.headers);
    EXPECT_EQ(r.status, c.status) << c.name << ": " << r.body;
    ASSERT_EQ(r.header("Content-Type"), "application/problem+json") << c.name;
    auto body = r.parsed();
    EXPECT_EQ(body["type"], "urn:engine:problem:" + c.type) << c.name;
    EXPECT_EQ(body["code"], std::to_string(r.status)) << c.name;
    EXPECT_EQ(body["error"], body["title"]) << c.name;
    EXPECT_EQ(body["request_id"], r.header("X-Request-Id")) << c.name;
    EXPECT_FALSE(body["detail"].get<std::string>().empty()) << c.name;
    EXPECT_EQ(r.header("Allow").empty(), r.status != 405) << c.name;
    EXPECT_EQ(r.header("WWW-Authenticate").empty(), r.status != 401 && body["type"] != "urn:engine:problem:forbidden")
        << c.name;
  }
  EXPECT_EQ(w.database_of_test.sql("SELECT count(*) FROM user_exchanges"), "3");
}

TEST(WebErrors, TheServersOwnRefusalsAreProblemsToo) {
  web_world w;
  const std::vector<std::pair<std::string, int>> requests{
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET /" + std::string(5000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414},
      {"GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(20'000, 'a') + "\r\n\r\n", 431},
      {"POST /client/login HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", 413},
      {"POST /client/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\nabcde", 400},
      {"POST /client/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 415},
      {"GET /a/../b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
  };
  for (const auto& [bytes, status] : requests) {
    test::raw_client c(w.server->port());
    c.send(bytes);
    auto r = c.read_response();
    EXPECT_EQ(r.status, status) << bytes.substr(0, 60);
    EXPECT_NE(r.head.find("application/problem+json"), std::string::npos) << bytes.substr(0, 60);
    EXPECT_EQ(json::parse(r.body)["code"], std::to_string(status));
  }
}

}  // namespace
}  // namespace drover::web
