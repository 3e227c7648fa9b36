#include "tenants/errors.hpp"

#include <gtest/gtest.h>

#include "base/postgres.hpp"

namespace drover::tenants {
namespace {

TEST(TenantErrors, ConstraintsBecomeFields) {
  auto mapped = from_database_error(error(db_errc::unique_violation, "user_exchanges_key_fingerprint_key"));
  EXPECT_EQ(mapped.code, tenant_errc::duplicate);
  EXPECT_TRUE(mapped.detail.starts_with("api_key: "));
  EXPECT_EQ(from_database_error(error(db_errc::unique_violation, "users_username_key")).code, tenant_errc::name_taken);
  EXPECT_EQ(from_database_error(error(db_errc::constraint_violation, "users_username_format")).code,
            tenant_errc::invalid);
}

TEST(TenantErrors, UnknownConstraintsAreBugs) {
  EXPECT_EQ(from_database_error(error(db_errc::constraint_violation, "something")).code, tenant_errc::internal);
}

TEST(TenantErrors, TroubleOfTheDatabaseIsTemporary) {
  for (auto code : {db_errc::unavailable, db_errc::in_doubt, db_errc::retry, db_errc::timed_out}) {
    auto mapped = from_database_error(error(code, "host db1 refused the password"));
    EXPECT_EQ(mapped.code, tenant_errc::unavailable);
    EXPECT_EQ(mapped.detail.find("db1"), std::string::npos);
  }
}

TEST(TenantErrors, FullQueuesAreOverload) {
  error full(errc::overloaded, "queue");
  full.retry_after = milliseconds(7);
  auto mapped = from_database_error(full);
  EXPECT_EQ(mapped.code, tenant_errc::overloaded);
  EXPECT_EQ(mapped.retry_after, milliseconds(7));
}

TEST(TenantErrors, EverythingElseIsInternal) {
  for (auto code : {db_errc::refused, db_errc::permission_denied, db_errc::broken})
    EXPECT_EQ(from_database_error(error(code)).code, tenant_errc::internal);
}

}  // namespace
}  // namespace drover::tenants
