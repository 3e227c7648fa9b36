#include <fmt/format.h>

#include "tests/integration/tenants/backends.hpp"

namespace drover::tenants {
namespace {

class ProposalStore : public contract_suite {
protected:
  void SetUp() override {
    first_ = add_user("first", role::admin).id;
    second_ = add_user("second", role::admin).id;
    third_ = add_user("third", role::admin).id;
    now_ = wall_time{std::chrono::floor<std::chrono::microseconds>(stores().now().since_epoch)};
  }
  new_proposal fresh(const std::string& content = R"({"user_id":5})") {
    return {.kind = proposal_kind::grant_admin,
            .subject = "user:5",
            .content = content,
            .reason = "needed",
            .proposed_by = first_,
            .created_at = now_,
            .expires_at = now_ + 1h};
  }
  proposal proposed() { return wait(proposals().create(fresh())).value(); }
  result<proposal> confirm(const proposal& p, user_id by, nanoseconds later = {}) {
    return wait(proposals().confirm(p.id, by, p.digest, now_ + later));
  }
  std::size_t living(nanoseconds later = {}) { return wait(proposals().list(true, now_ + later, 10)).value().size(); }

  user_id first_, second_, third_;
  wall_time now_;
};
INSTANTIATE_TEST_SUITE_P(Stores, ProposalStore, testing::ValuesIn(backend_kinds),
                         [](const auto& info) { return info.param.name; });

TEST_P(ProposalStore, IsConfirmedByAnotherOneAndDoneOnce) {
  auto p = proposed();
  EXPECT_EQ(p.state, proposal_state::open);
  EXPECT_EQ(p.digest, digest_of(R"({"user_id":5})"));
  EXPECT_FALSE(p.decided_by.valid());
  expect_error(confirm(p, first_), tenant_errc::own_proposal);
  auto confirmed = confirm(p, second_).value();
  EXPECT_EQ(confirmed.state, proposal_state::confirmed);
  EXPECT_EQ(confirmed.decided_by, second_);
  EXPECT_EQ(confirmed.decided_at, now_);
  expect_error(confirm(p, third_), tenant_errc::already_decided);
  EXPECT_TRUE(confirm(p, second_));
  EXPECT_EQ(wait(proposals().find_confirmed(p.kind, p.subject, now_)).value()->id, p.id);
  EXPECT_EQ(wait(proposals().finish(p.id))->state, proposal_state::done);
  expect_error(wait(proposals().finish(p.id)), tenant_errc::not_found);
  expect_error(confirm(p, second_), tenant_errc::already_decided);
  EXPECT_FALSE(wait(proposals().find_confirmed(p.kind, p.subject, now_)).value());
  EXPECT_EQ(wait(proposals().get(p.id))->state, proposal_state::done);
}

TEST_P(ProposalStore, IsConfirmedAsItWasRead) {
  auto p = proposed();
  expect_error(wait(proposals().confirm(p.id, second_, digest_of("other"), now_)), tenant_errc::already_decided);
  expect_error(wait(proposals().confirm(p.id + 1, second_, p.digest, now_)), tenant_errc::not_found);
  EXPECT_TRUE(confirm(p, second_));
}

TEST_P(ProposalStore, IsOverAfterItsTime) {
  auto p = proposed();
  EXPECT_EQ(living(59min), 1u);
  EXPECT_EQ(living(1h), 0u);
  expect_error(confirm(p, second_, 1h), tenant_errc::already_decided);
  expect_error(wait(proposals().withdraw(p.id, second_, now_ + 1h)), tenant_errc::already_decided);
  auto late = fresh();
  late.created_at = now_ + 2h;
  late.expires_at = now_ + 3h;
  EXPECT_NE(wait(proposals().create(std::move(late)))->id, p.id);
}

TEST_P(ProposalStore, OneThingHasOneProposal) {
  auto p = proposed();
  EXPECT_EQ(proposed().id, p.id);
  auto other = wait(proposals().create(fresh(R"({"user_id":5,"status":"banned"})"))).value();
  EXPECT_NE(other.id, p.id);
  EXPECT_EQ(wait(proposals().get(p.id))->state, proposal_state::withdrawn);
  EXPECT_EQ(living(), 1u);
  expect_error(confirm(p, second_), tenant_errc::already_decided);
  EXPECT_TRUE(confirm(other, second_));
}

TEST_P(ProposalStore, AnyAdministratorWithdraws) {
  auto p = proposed();
  EXPECT_EQ(wait(proposals().withdraw(p.id, second_, now_))->decided_by, second_);
  expect_error(wait(proposals().withdraw(p.id, second_, now_)), tenant_errc::already_decided);
  expect_error(confirm(p, third_), tenant_errc::already_decided);
  EXPECT_EQ(living(), 0u);
}

TEST_P(ProposalStore, RemembersWhenThereWereTwoAdministrators) {
  const auto seen = wait(proposals().two_administrators_at(now_)).value();
  EXPECT_EQ(seen.ms(), now_.ms());
  wait(users().set_status("second", user_status::banned, first_)).value();
  wait(users().set_status("third", user_status::banned, first_)).value();
  EXPECT_EQ(wait(proposals().two_administrators_at(now_ + 1h))->ms(), now_.ms());
  wait(users().set_status("third", user_status::active, first_)).value();
  EXPECT_EQ(wait(proposals().two_administrators_at(now_ + 2h))->ms(), (now_ + 2h).ms());
}

class ProposalTable : public postgres_suite {};

TEST_F(ProposalTable, EveryStepIsAuditedAndNobodyConfirmsAlone) {
  const auto first = add_user("first", role::admin).id, second = add_user("second", role::admin).id;
  const auto now = stores_.now();
  auto p = wait(stores_.proposals().create({.kind = proposal_kind::end_lockdown,
                                            .subject = "engine",
                                            .content = "{}",
                                            .reason = "",
                                            .proposed_by = first,
                                            .created_at = now,
                                            .expires_at = now + 1h}))
               .value();
  wait(stores_.proposals().confirm(p.id, second, p.digest, now)).value();
  wait(stores_.proposals().finish(p.id)).value();
  EXPECT_EQ(
      sql("SELECT string_agg(action || ' ' || actor, ', ' ORDER BY id) FROM audit_events WHERE object = 'proposal:" +
          std::to_string(p.id) + "'"),
      fmt::format("proposal.propose {}, proposal.confirm {}, proposal.done {}", first.value, second.value,
                  second.value));
  EXPECT_ANY_THROW(sql("UPDATE proposals SET decided_by = proposed_by"));
}

}  // namespace
}  // namespace drover::tenants
