#include "web/problem.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/postgres.hpp"
#include "crypto/keyring.hpp"
#include "crypto/tokens.hpp"
#include "engine/orders/order_journal.hpp"
#include "tenants/errors.hpp"

namespace drover::web {
namespace {

using tenants::tenant_errc;

struct mapping {
  error from;
  int status;
  std::string_view type;
};

TEST(Problem, EveryServiceErrorHasItsStatus) {
  const mapping cases[] = {
      {tenant_errc::not_found, 404, "not-found"},
      {{tenant_errc::invalid, "label: too long"}, 422, "validation-failed"},
      {tenant_errc::duplicate, 409, "account-already-connected"},
      {tenant_errc::account_not_approved, 409, "account-not-approved"},
      {tenant_errc::already_decided, 409, "already-decided"},
      {tenant_errc::own_account, 403, "own-account"},
      {tenant_errc::name_taken, 409, "name-taken"},
      {tenant_errc::banned, 403, "banned"},
      {tenant_errc::bad_login, 401, "bad-login"},
      {tenant_errc::unavailable, 503, "unavailable"},
      {tenant_errc::overloaded, 503, "unavailable"},
      {tenant_errc::internal, 500, "internal"},
      {crypto::token_errc::invalid, 401, "invalid-token"},
      {crypto::token_errc::expired, 401, "invalid-token"},
      {crypto::token_errc::revoked, 401, "invalid-token"},
      {crypto::crypto_errc::broken, 500, "internal"},
      {db_errc::unavailable, 503, "unavailable"},
      {db_errc::in_doubt, 503, "unavailable"},
      {db_errc::timed_out, 503, "unavailable"},
      {db_errc::retry, 503, "unavailable"},
      {db_errc::broken, 500, "internal"},
      {engine::journal_errc::unavailable, 503, "unavailable"},
      {engine::journal_errc::internal, 500, "internal"},
      {errc::malformed, 400, "bad-request"},
      {errc::out_of_range, 422, "validation-failed"},
      {errc::timed_out, 503, "unavailable"},
      {errc::cancelled, 503, "unavailable"},
      {errc::overloaded, 503, "unavailable"},
      {errc::not_found, 404, "not-found"},
      {errc::io, 500, "internal"},
  };
  for (const auto& c : cases) {
    auto p = to_problem(c.from);
    EXPECT_EQ(p.status, c.status) << c.from.to_string();
    EXPECT_EQ(p.type, c.type) << c.from.to_string();
    EXPECT_EQ(find_header(p.headers, "Retry-After").empty(), c.status != 503) << c.from.to_string();
  }
}

TEST(Problem, ThrottledLoginsAreTooManyRequests) {
  error e(tenant_errc::overloaded, "slow down");
  e.retry_after = milliseconds(1500);
  auto p = to_problem(e);
  EXPECT_EQ(p.status, 429);
  EXPECT_EQ(find_header(p.headers, "Retry-After"), "2");
}

TEST(Problem, InternalDetailsStayInside) {
  auto p = to_problem({tenant_errc::internal, "SELECT secret FROM users"});
  auto r = render_problem(p, "/x", "id1");
  EXPECT_EQ(r.body.find("SELECT"), std::string::npos);
}

TEST(Problem, InvalidFieldsAreNamed) {
  auto p = to_problem({tenant_errc::invalid, "api_key: the exchange says: no such key"});
  ASSERT_EQ(p.errors.size(), 1u);
  EXPECT_EQ(p.errors[0].pointer, "/api_key");
  EXPECT_EQ(p.errors[0].detail, "the exchange says: no such key");
  EXPECT_TRUE(to_problem({tenant_errc::invalid, "Nothing: nameable"}).errors.empty());
}

TEST(Problem, BodyHasTheMembersOfBothStandards) {
  problem p{409, "account-not-approved", "Account not approved", "Account 12 is \"PENDING\"", {{"/is_active", "no"}}};
  auto r = render_problem(p, "/user/exchanges/12/toggle", "req-1");
  auto j = nlohmann::json::parse(r.body);
  EXPECT_EQ(find_header(r.headers, "Content-Type"), "application/problem+json");
  EXPECT_EQ(j["type"], "urn:engine:problem:account-not-approved");
  EXPECT_EQ(j["title"], "Account not approved");
  EXPECT_EQ(j["status"], 409);
  EXPECT_EQ(j["detail"], "Account 12 is \"PENDING\"");
  EXPECT_EQ(j["instance"], "/user/exchanges/12/toggle");
  EXPECT_EQ(j["error"], "Account not approved");
  EXPECT_EQ(j["code"], "409");
  EXPECT_EQ(j["request_id"], "req-1");
  EXPECT_EQ(j["errors"][0]["pointer"], "/is_active");
}

TEST(Problem, MissingAndBadTokensAreToldApart) {
  auto missing = to_unauthorized(nullptr);
  EXPECT_EQ(find_header(missing.headers, "WWW-Authenticate"), "Bearer");
  error expired(crypto::token_errc::expired);
  auto refused = to_unauthorized(&expired);
  auto header = find_header(refused.headers, "WWW-Authenticate");
  EXPECT_NE(header.find("error=\"invalid_token\""), std::string_view::npos);
}

}  // namespace
}  // namespace drover::web
