#include "tenants/users/registration_service.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "crypto/mac.hpp"
#include "tenants/errors.hpp"

namespace drover::tenants {
namespace {

constexpr std::size_t code_bytes = 20;
constexpr std::size_t email_limit = 254;

std::string hash_of(std::string_view code) {
  return to_hex(crypto::sha256(code));
}

bool is_email(std::string_view text) {
  const auto at = text.find('@');
  const bool printable =
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.!#$%&'*+/=?^_`{|}~-@") ==
      text.npos;
  return text.size() <= email_limit && printable && at != text.npos && at > 0 && at + 1 < text.size() &&
         text.find('@', at + 1) == text.npos;
}

}  // namespace

registration_service::registration_service(user_store& store, password_hasher& hasher, attempt_guard& guard,
                                           const clock& time, random_source& random, registration_mode mode)
    : store_(store), hasher_(hasher), guard_(guard), clock_(time), random_(random), mode_(mode) {}

result<void> registration_service::check(registration& wanted) const {
  wanted.username = to_username(std::move(wanted.username));
  if (!is_username(wanted.username))
    return fail(tenant_errc::invalid, "username: must have 3 to 32 characters of a-z, 0-9, _ . -");
  if (!wanted.email.empty() && !is_email(wanted.email)) return fail(tenant_errc::invalid, "email: is not an address");
  if (auto rules = crypto::check_password_rules(wanted.password); !rules)
    return fail(tenant_errc::invalid, rules.error().detail);
  return {};
}

task<result<void>> registration_service::register_user(registration wanted) {
  if (mode_ == registration_mode::off) co_return fail(tenant_errc::registration_closed);
  if (auto fine = check(wanted); !fine) co_return fine;
  // Not given back: each registration costs a hash and a row.
  auto attempt = guard_.begin({}, wanted.address, clock_.now());
  if (!attempt) co_return std::unexpected(attempt.error());
  new_user fresh{.username = wanted.username, .email = wanted.email, .password_hash = {}};
  if (mode_ == registration_mode::invite) {
    fresh.invitation = hash_of(wanted.code.reveal());
    auto is_open = co_await store_.is_invitation_open(fresh.invitation);
    if (!is_open) co_return std::unexpected(is_open.error());
    if (!*is_open) co_return fail(tenant_errc::invitation_refused);
  }
  auto hash = co_await hasher_.hash(std::move(wanted.password));
  if (!hash) co_return std::unexpected(hash.error());
  fresh.password_hash = std::move(*hash);
  auto created = co_await store_.create(std::move(fresh));
  if (!created && created.error().code != tenant_errc::name_taken) co_return std::unexpected(created.error());
  co_return result<void>();
}

task<result<registration_service::issued_invitation>> registration_service::invite(user_id admin, std::string note,
                                                                                   seconds life) {
  auto code = random_.hex(code_bytes);
  const auto now = clock_.wall_now();
  new_invitation fresh{.code_hash = hash_of(code),
                       .note = std::move(note),
                       .created_by = admin,
                       .created_at = now,
                       .expires_at = now + std::min(life, longest_invitation)};
  auto stored = co_await store_.create_invitation(std::move(fresh));
  if (!stored) co_return std::unexpected(stored.error());
  co_return issued_invitation{std::move(*stored), std::move(code)};
}

task<result<secret>> registration_service::make_bootstrap_secret() {
  auto has_admin = co_await store_.has_admin();
  if (!has_admin) co_return std::unexpected(has_admin.error());
  if (*has_admin) co_return fail(tenant_errc::bootstrap_refused, "there is an administrator already");
  secret code(random_.hex(code_bytes));
  bootstrap_ = bootstrap{.hash = hash_of(code.reveal()), .ends = clock_.now() + bootstrap_life};
  co_return code;
}

task<result<user>> registration_service::create_first_admin(registration wanted) {
  if (auto fine = check(wanted); !fine) co_return std::unexpected(fine.error());
  auto attempt = guard_.begin({}, wanted.address, clock_.now());
  if (!attempt) co_return std::unexpected(attempt.error());
  const bool right = bootstrap_ && clock_.now() < bootstrap_->ends &&
                     constant_time_equal(hash_of(wanted.code.reveal()), bootstrap_->hash);
  if (!right) co_return fail(tenant_errc::bootstrap_refused);
  // Used up before anything else happens: two at once are one.
  bootstrap_.reset();
  auto hash = co_await hasher_.hash(std::move(wanted.password));
  if (!hash) co_return std::unexpected(hash.error());
  new_user fresh{
      .username = wanted.username, .email = wanted.email, .password_hash = std::move(*hash), .role = role::admin};
  auto created = co_await store_.create_first_admin(std::move(fresh));
  co_return created;
}

}  // namespace drover::tenants
