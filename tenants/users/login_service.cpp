#include "tenants/users/login_service.hpp"

#include "base/log.hpp"
#include "tenants/errors.hpp"

namespace drover::tenants {
namespace {

constexpr std::size_t session_id_bytes = 8;
constexpr std::size_t address_limit = 64, client_limit = 200;
constexpr std::size_t password_limit_bytes = 1024;

const logger& log() {
  static const logger instance("tenants.users");
  return instance;
}

}  // namespace

task<result<login_result>> login_service::login(login_attempt wanted) {
  auto& p = parts_;
  auto username = to_username(std::move(wanted.username));
  // No account can have this name or password: the attempt counts, and the refusal needs no work to hide anything.
  const bool hopeless = !is_username(username) || wanted.password.size() > password_limit_bytes;
  auto attempt = p.guard.begin(hopeless ? std::string() : username, wanted.from.address, p.time.now());
  if (!attempt) co_return std::unexpected(attempt.error());
  if (hopeless) co_return fail(tenant_errc::bad_login);
  auto found = co_await p.store.find_login(username);
  if (!found) {
    p.guard.forgive(*attempt, p.time.now());
    co_return std::unexpected(found.error());
  }
  auto hash = *found ? (*found)->password_hash : p.hasher.dummy();
  auto typed = wanted.password.clone();
  auto matches = co_await p.hasher.matches(std::move(typed), hash);
  if (!matches) {
    p.guard.forgive(*attempt, p.time.now());
    co_return std::unexpected(matches.error());
  }
  if (!*matches || !*found) co_return fail(tenant_errc::bad_login);
  auto who = std::move((*found)->user);
  if (who.status != user_status::active) {
    p.guard.forgive(*attempt, p.time.now());
    co_return fail(tenant_errc::banned);
  }
  auto passed = co_await check_code(*attempt, who.id, std::move(wanted.code));
  if (!passed) co_return std::unexpected(passed.error());
  co_await upgrade(who.id, std::move(wanted.password), std::move(hash));
  auto opened = co_await open_session(std::move(who), std::move(wanted.from), wanted.form);
  co_return opened;
}

task<result<login_result>> login_service::confirm(principal caller, secret password, secret code, login_place from) {
  auto who = co_await check_again(caller.user, std::move(password), std::move(code), from.address);
  if (!who) co_return std::unexpected(who.error());
  auto opened = co_await open_session(std::move(*who), std::move(from), caller.form);
  if (!opened) co_return opened;
  auto ended = co_await parts_.store.end_session(caller.user, std::move(caller.session_id));
  if (!ended && ended.error().code != tenant_errc::not_found) co_return std::unexpected(ended.error());
  auto known = co_await parts_.directory.refresh(caller.user);
  if (!known) co_return std::unexpected(known.error());
  co_return opened;
}

task<result<login_result>> login_service::change_password(principal caller, secret current, secret code, secret wanted,
                                                          login_place from) {
  if (auto rules = crypto::check_password_rules(wanted); !rules)
    co_return fail(tenant_errc::invalid, "new_" + rules.error().detail);
  auto who = co_await check_again(caller.user, std::move(current), std::move(code), from.address);
  if (!who) co_return std::unexpected(who.error());
  auto hash = co_await parts_.hasher.hash(std::move(wanted));
  if (!hash) co_return std::unexpected(hash.error());
  auto changed = co_await parts_.store.set_password(caller.user, std::move(*hash));
  if (!changed) co_return std::unexpected(changed.error());
  auto fresh = co_await parts_.store.get(caller.user);
  if (!fresh) co_return std::unexpected(fresh.error());
  auto opened = co_await open_session(std::move(*fresh), std::move(from), caller.form);
  co_return opened;
}

task<result<login_service::enrolled>> login_service::confirm_second_factor(principal caller, secret code,
                                                                           login_place from) {
  auto codes = co_await parts_.second_factor.confirm(caller.user, std::move(code));
  if (!codes) co_return std::unexpected(codes.error());
  auto ended = co_await parts_.store.end_sessions(caller.user);
  if (!ended) co_return std::unexpected(ended.error());
  auto who = co_await parts_.store.get(caller.user);
  if (!who) co_return std::unexpected(who.error());
  auto opened = co_await open_session(std::move(*who), std::move(from), caller.form);
  if (!opened) co_return std::unexpected(opened.error());
  co_return enrolled{std::move(*opened), std::move(*codes)};
}

/// Somebody who is logged in proves once more who they are.
task<result<user>> login_service::check_again(user_id id, secret password, secret code, const std::string& address) {
  auto& p = parts_;
  auto who = co_await p.store.get(id);
  if (!who) co_return std::unexpected(who.error());
  auto attempt = p.guard.begin(who->username, address, p.time.now());
  if (!attempt) co_return std::unexpected(attempt.error());
  auto found = co_await p.store.find_login(who->username);
  if (!found || !*found) {
    p.guard.forgive(*attempt, p.time.now());
    co_return std::unexpected(found ? error(tenant_errc::not_found) : found.error());
  }
  auto matches = co_await p.hasher.matches(std::move(password), (*found)->password_hash);
  if (!matches) {
    p.guard.forgive(*attempt, p.time.now());
    co_return std::unexpected(matches.error());
  }
  if (!*matches) co_return fail(tenant_errc::wrong_password);
  auto passed = co_await check_code(*attempt, id, std::move(code));
  if (!passed) co_return std::unexpected(passed.error());
  co_return std::move((*found)->user);
}

/// A wrong code counts as a failure; a missing one does not, the password was right.
task<result<void>> login_service::check_code(const attempt_guard::attempt& attempt, user_id id, secret code) {
  auto passed = co_await parts_.second_factor.check(id, std::move(code));
  const auto now = parts_.time.now();
  if (passed)
    parts_.guard.succeeded(attempt, now);
  else if (passed.error().code != tenant_errc::wrong_code)
    parts_.guard.forgive(attempt, now);
  co_return passed;
}

/// Passwords from before the cost was raised are hashed anew when they are known. What fails is tried at the next
/// login.
task<void> login_service::upgrade(user_id id, secret password, std::string hash) {
  if (!parts_.hasher.is_outdated(hash)) co_return;
  auto stronger = co_await parts_.hasher.rehash(std::move(password));
  if (!stronger) co_return log().warn("a password was not hashed anew", {{"user", id}, {"err", stronger.error()}});
  auto stored = co_await parts_.store.upgrade_password(id, std::move(hash), std::move(*stronger));
  if (!stored) log().warn("a password was not hashed anew", {{"user", id}, {"err", stored.error()}});
}

/// The token works everywhere in this process when it is given out.
task<result<login_result>> login_service::open_session(user who, login_place from, crypto::token_form form) {
  auto& p = parts_;
  const auto now = p.time.wall_now();
  session fresh{.user = who.id,
                .id = p.random.hex(session_id_bytes),
                .created_at = now,
                .expires_at = now + p.signer.life(),
                .address = to_printable(from.address, address_limit),
                .client = to_printable(from.client, client_limit)};
  auto token = p.signer.make_token(who.id, who.epoch, fresh.id, now, form);
  auto opened = co_await p.store.open_session(std::move(fresh), who.epoch);
  if (!opened) co_return std::unexpected(opened.error());
  auto known = co_await p.directory.refresh(who.id);
  if (!known) co_return std::unexpected(known.error());
  who.last_login_at = now;
  co_return login_result{.user = std::move(who), .token = std::move(token), .expires_in = p.signer.life()};
}

}  // namespace drover::tenants
