#include "web/four_eyes.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/json.hpp"
#include "tenants/errors.hpp"
#include "web/api/proposal_json.hpp"
#include "web/control_calls.hpp"

namespace drover::web {

namespace {

using tenants::proposal_kind;
using tenants::tenant_errc;

std::int64_t number_in(std::string_view subject) {
  std::int64_t id = 0;
  const auto digits = subject.substr(subject.find(':') + 1);
  std::from_chars(digits.data(), digits.data() + digits.size(), id);
  return id;
}

task<result<std::string>> describe_user(services& s, user_id id) {
  auto found = co_await s.parts.users.get(id);
  if (!found) co_return std::unexpected(found.error());
  co_return json{{"user_id", id.value},
                 {"username", found->username},
                 {"email", found->email},
                 {"role", tenants::to_string(found->role)},
                 {"status", tenants::to_string(found->status)}}
      .dump();
}

task<result<std::string>> describe_master_key(std::string key) {
  co_return json{{"master_key", key}}.dump();
}

task<result<std::string>> describe_lockdown(services& s) {
  auto states = co_await read_locks(s);
  for (const auto& state : states)
    if (state.name == engine::engine_lock::lockdown)
      co_return json{{"locked", state.locked},
                     {"reason", state.reason},
                     {"changed_by", state.by.value},
                     {"changed_at_ms", state.at.ms()}}
          .dump();
  co_return fail(tenant_errc::not_found);
}

task<result<std::string>> describe_waiver(services& s, account_id id) {
  auto found = co_await s.parts.accounts.store().load_credentials(id);
  if (!found) co_return std::unexpected(found.error());
  const auto& a = found->account;
  json out{{"account_id", a.id.value},
           {"user_id", a.user.value},
           {"exchange_name", a.exchange_name},
           {"region", a.region},
           {"api_key", a.api_key_mask},
           {"credential_version", a.credential_version},
           {"withdraw_waived", a.withdraw_waived}};
  co_return out.dump();
}

}  // namespace

task<result<std::string>> describe_subject(services& s, proposal_kind kind, std::string subject) {
  if (kind == proposal_kind::grant_admin) return describe_user(s, user_id(number_in(subject)));
  if (kind == proposal_kind::withdraw_waiver) return describe_waiver(s, account_id(number_in(subject)));
  if (kind == proposal_kind::end_lockdown) return describe_lockdown(s);
  return describe_master_key(s.parts.master_key ? s.parts.master_key() : std::string());
}

tenants::proposal_service& get_proposals(services& s) {
  if (s.parts.proposals == nullptr) throw std::logic_error("this server was built without proposals");
  return *s.parts.proposals;
}

task<result<void>> note_administrators(services& s) {
  if (s.parts.proposals == nullptr) co_return result<void>();
  auto noted = co_await s.parts.proposals->in_force();
  if (!noted) co_return std::unexpected(noted.error());
  co_return result<void>();
}

task<std::optional<answer>> ask_second_eyes(const request& r, services& s, second_opinion about) {
  if (s.parts.proposals == nullptr) co_return std::nullopt;
  auto needed = co_await s.parts.proposals->in_force();
  if (!needed) co_return answer(refuse(needed.error()));
  if (!*needed) co_return std::nullopt;
  auto content = co_await describe_subject(s, about.kind, about.subject);
  if (!content) co_return answer(refuse(content.error()));
  auto made = co_await s.parts.proposals->propose(r.caller_id(), about.kind, std::move(about.subject),
                                                  std::move(*content), std::move(about.reason));
  if (!made) co_return answer(refuse(made.error()));
  co_return answer(api::respond_with_proposal(202, *made));
}

}  // namespace drover::web
