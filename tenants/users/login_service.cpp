#include "tenants/users/login_service.hpp"

#include <algorithm>

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
  auto opened = co_await open_session(std::move(who), std::move(wanted.from), wanted.form, wanted.renewable);
  co_return opened;
}

task<result<login_result>> login_service::confirm(principal caller, secret password, secret code, login_place from) {
  auto who = co_await check_again(caller.user, std::move(password), std::move(code), from.address);
  if (!who) co_return std::unexpected(who.error());
  auto opened = co_await open_session(std::move(*who), std::move(from), caller.form, caller.renewable);
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
  auto opened = co_await open_session(std::move(*fresh), std::move(from), caller.form, caller.renewable);
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
  auto opened = co_await open_session(std::move(*who), std::move(from), caller.form, caller.renewable);
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
task<result<login_result>> login_service::open_session(user who, login_place from, crypto::token_form form,
                                                       bool renewable) {
  auto& p = parts_;
  const auto now = p.time.wall_now();
  session fresh{.user = who.id,
                .id = p.random.hex(session_id_bytes),
                .created_at = now,
                .expires_at = now + (renewable ? p.refresh_life : p.signer.life()),
                .address = to_printable(from.address, address_limit),
                .client = to_printable(from.client, client_limit)};
  secret refresh_token;
  if (renewable) {
    auto family = p.random.hex(refresh_part_bytes), use = p.random.hex(refresh_part_bytes);
    fresh.family_hash = hash_token_secret(family);
    fresh.refresh_hash = hash_token_secret(use);
    refresh_token = write_refresh_token(who.id, family, use);
  }
  auto opened = co_await p.store.open_session(fresh, who.epoch);
  if (!opened) co_return std::unexpected(opened.error());
  auto known = co_await p.directory.refresh(who.id);
  if (!known) co_return std::unexpected(known.error());
  who.last_login_at = now;
  auto done = make_result(std::move(who), fresh, form, now);
  done.refresh_token = std::move(refresh_token);
  co_return done;
}

task<result<login_result>> login_service::renew(secret refresh_token, crypto::token_form form, login_place from) {
  auto& p = parts_;
  const auto text = read_refresh_token(refresh_token.reveal());
  if (!text) co_return fail(tenant_errc::refresh_refused);
  const auto now = p.time.wall_now();
  const auto next = p.random.hex(refresh_part_bytes);
  session_renewal wanted{.user = text->user,
                         .family_hash = hash_token_secret(text->family),
                         .used_hash = hash_token_secret(text->use),
                         .fresh_id = p.random.hex(session_id_bytes),
                         .fresh_hash = hash_token_secret(next),
                         .at = now,
                         .address = to_printable(from.address, address_limit)};
  auto renewed = co_await p.store.renew_session(std::move(wanted));
  const bool reused = !renewed && renewed.error().code == tenant_errc::refresh_reused;
  if (!renewed && !reused) co_return std::unexpected(renewed.error());
  auto known = co_await p.directory.refresh(text->user);
  if (reused) {
    log().warn("a refresh token was used again; its session is ended", {{"user", text->user}, {"address", from.address}});
    co_return std::unexpected(renewed.error());
  }
  if (!known) co_return std::unexpected(known.error());
  auto done = make_result(std::move(renewed->user), renewed->session, form, now);
  done.refresh_token = write_refresh_token(text->user, text->family, next);
  co_return done;
}

login_result login_service::make_result(user who, const session& s, crypto::token_form form, wall_time now) const {
  const auto left = std::chrono::duration_cast<seconds>(s.expires_at - now);
  login_result out{.user = std::move(who), .token = {}, .expires_in = parts_.signer.life()};
  if (s.is_renewable()) {
    out.expires_in = std::min({out.expires_in, renewed_token_life, left});
    out.refresh_expires_in = left;
  }
  out.token = parts_.signer.make_token(out.user.id, out.user.epoch, s.id, now, form, out.expires_in);
  return out;
}

}  // namespace drover::tenants
