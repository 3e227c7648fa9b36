#include "tenants/users/login_service.hpp"

#include <boost/asio/ip/address.hpp>

#include "base/encoding.hpp"
#include "tenants/errors.hpp"
#include "tenants/users/login_throttle.hpp"

namespace drover::tenants {
namespace {

constexpr std::size_t session_id_bytes = 8;
constexpr std::size_t address_limit = 64, client_limit = 200;
constexpr std::size_t password_limit_bytes = 1024;

std::string to_lower(std::string text) {
  for (auto& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

/// Whoever has an IPv6 address has 2^64 of them.
std::string network_of(const std::string& remote_address) {
  boost::system::error_code ec;
  auto address = asio::ip::make_address(remote_address, ec);
  if (ec || !address.is_v6()) return remote_address;
  auto bytes = address.to_v6().to_bytes();
  return to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size() / 2});
}

std::unexpected<error> throttled(milliseconds wait) {
  error e(tenant_errc::overloaded, "too many attempts to log in, try again later");
  e.retry_after = wait;
  return std::unexpected(e);
}

}  // namespace

struct login_service::state {
  user_store& store;
  user_directory& directory;
  const crypto::token_signer& signer;
  worker_pool& hashing;
  const clock& time;
  random_source& random;
  login_throttle names, addresses;
  std::string dummy_hash;

  void forgive(const std::string& username, const std::string& network) {
    names.give_back(username);
    addresses.give_back(network);
  }

  task<result<bool>> check_password(secret password, std::string hash) {
    std::move_only_function<bool()> work = [password = std::move(password), hash = std::move(hash)] {
      return crypto::verify_password(password, hash);
    };
    auto matches = co_await hashing.run<bool>(std::move(work));
    if (!matches) co_return std::unexpected(from_database_error(matches.error()));
    co_return *matches;
  }

  /// The token works everywhere in this process when it is given out.
  task<result<login_result>> open_session(user who, std::string address, std::string client) {
    const auto now = time.wall_now();
    session fresh{.user = who.id,
                  .id = random.hex(session_id_bytes),
                  .created_at = now,
                  .expires_at = now + signer.life(),
                  .address = to_printable(address, address_limit),
                  .client = to_printable(client, client_limit)};
    auto token = signer.make_token(who.id, who.epoch, fresh.id, now);
    auto opened = co_await store.open_session(std::move(fresh), who.epoch);
    if (!opened) co_return std::unexpected(opened.error());
    auto known = co_await directory.refresh(who.id);
    if (!known) co_return std::unexpected(known.error());
    who.last_login_at = now;
    co_return login_result{.user = std::move(who), .token = std::move(token), .expires_in = signer.life()};
  }
};

login_service::login_service(user_store& store, user_directory& directory, const crypto::token_signer& signer,
                             worker_pool& hashing, const clock& time, random_source& random, limits bounds)
    : state_(std::make_unique<state>(store, directory, signer, hashing, time, random,
                                     login_throttle(bounds.attempts_per_minute_per_name, bounds.tracked_keys),
                                     login_throttle(bounds.attempts_per_minute_per_address, bounds.tracked_keys),
                                     crypto::make_dummy_hash(random))) {}

login_service::~login_service() = default;

task<result<login_result>> login_service::login(login_attempt attempt) {
  auto& s = *state_;
  auto username = to_lower(std::move(attempt.username));
  auto network = network_of(attempt.address);
  if (!is_username(username) || attempt.password.size() > password_limit_bytes) {
    // No account can have this name or password: the attempt counts, and the refusal needs no work to hide anything.
    if (auto wait = s.addresses.take(network, s.time.now())) co_return throttled(*wait);
    co_return fail(tenant_errc::bad_login);
  }
  // Attempts are counted before their outcome is known, so that a burst of parallel ones is bounded too.
  if (auto wait = s.addresses.take(network, s.time.now())) co_return throttled(*wait);
  if (auto wait = s.names.take(username, s.time.now())) {
    s.addresses.give_back(network);
    co_return throttled(*wait);
  }
  auto found = co_await s.store.find_login(username);
  if (!found) {
    s.forgive(username, network);
    co_return std::unexpected(found.error());
  }
  auto hash = *found ? (*found)->password_hash : s.dummy_hash;
  auto matches = co_await s.check_password(std::move(attempt.password), std::move(hash));
  if (!matches) {
    s.forgive(username, network);
    co_return std::unexpected(matches.error());
  }
  if (!*matches || !*found) co_return fail(tenant_errc::bad_login);
  s.forgive(username, network);

  auto& who = (*found)->user;
  if (who.status != user_status::active) co_return fail(tenant_errc::banned);
  auto opened = co_await s.open_session(std::move(who), std::move(attempt.address), std::move(attempt.client));
  co_return opened;
}

}  // namespace drover::tenants
