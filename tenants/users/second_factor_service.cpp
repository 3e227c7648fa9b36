#include "tenants/users/second_factor_service.hpp"

#include "base/encoding.hpp"
#include "crypto/mac.hpp"
#include "crypto/totp.hpp"
#include "tenants/accounts/user_data_key.hpp"
#include "tenants/errors.hpp"

namespace drover::tenants {
namespace {

constexpr std::size_t key_bytes = 20;
constexpr std::size_t recovery_codes = 10;
/// 80 bits: their hashes need not be slow ones.
constexpr std::size_t recovery_code_bytes = 10;
constexpr std::size_t recovery_group = 5;
constexpr std::size_t code_characters = 6;
constexpr std::string_view issuer = "Drover";

crypto::sealed_place place_of(user_id user, std::int64_t version) {
  return {.user = user, .account = {}, .field = "second_factor", .version = version, .exchange = {}};
}

/// Of what people type: dashes, spaces and capitals do not matter.
std::string hash_of_recovery_code(std::string_view typed) {
  std::string plain;
  for (char c : typed) {
    if (c == '-' || c == ' ') continue;
    plain += c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  auto hash = to_hex(crypto::sha256(plain));
  wipe_memory(plain.data(), plain.size());
  return hash;
}

std::string make_recovery_code(random_source& random) {
  auto code = random.hex(recovery_code_bytes);
  for (auto at = code.size() - recovery_group; at > 0; at -= recovery_group) code.insert(at, 1, '-');
  return code;
}

bool looks_like_totp(std::string_view code) {
  return code.size() == code_characters && code.find_first_not_of("0123456789") == code.npos;
}

}  // namespace

second_factor_service::second_factor_service(second_factor_store& store, account_store& data_keys,
                                             const crypto::keyring& keyring, const clock& time, random_source& random)
    : store_(store), data_keys_(data_keys), keyring_(keyring), clock_(time), random_(random) {}

task<result<second_factor_service::enrolment>> second_factor_service::begin(user_id user, std::string username) {
  auto data_key = co_await open_user_data_key(data_keys_, keyring_, user);
  if (!data_key) co_return std::unexpected(data_key.error());
  auto key = secret::of_size(key_bytes);
  random_.fill(key.mutable_bytes());
  const auto version = clock_.wall_now().ms();
  auto sealed = data_key->seal(place_of(user, version), key.reveal());
  if (!sealed) co_return std::unexpected(internal_error(sealed.error()));
  auto stored = co_await store_.begin(user, std::move(*sealed), version);
  if (!stored) co_return std::unexpected(stored.error());
  auto text = crypto::to_base32(key.reveal());
  auto uri = crypto::make_totp_uri(issuer, username, text);
  co_return enrolment{.key = std::move(text), .uri = std::move(uri)};
}

task<result<std::vector<std::string>>> second_factor_service::confirm(user_id user, secret code) {
  auto found = co_await store_.find(user);
  if (!found) co_return std::unexpected(found.error());
  if (!*found || (*found)->confirmed) co_return fail(tenant_errc::not_found);
  auto key = co_await open_key(**found);
  if (!key) co_return std::unexpected(key.error());
  auto step = crypto::match_totp(key->reveal(), code.reveal(), clock_.wall_now());
  if (!step) co_return fail(tenant_errc::wrong_code);
  std::vector<std::string> codes, hashes;
  for (std::size_t i = 0; i < recovery_codes; ++i) {
    codes.push_back(make_recovery_code(random_));
    hashes.push_back(hash_of_recovery_code(codes.back()));
  }
  auto confirmed = co_await store_.confirm(user, (*found)->version, *step, std::move(hashes));
  if (!confirmed) co_return std::unexpected(confirmed.error());
  co_return codes;
}

task<result<void>> second_factor_service::check(user_id user, secret code) {
  auto found = co_await store_.find(user);
  if (!found) co_return std::unexpected(found.error());
  if (!*found || !(*found)->confirmed) co_return result<void>();
  if (code.empty()) co_return fail(tenant_errc::second_factor_required);
  if (!looks_like_totp(code.reveal())) {
    auto used = co_await store_.use_recovery_code(user, hash_of_recovery_code(code.reveal()));
    co_return used;
  }
  auto key = co_await open_key(**found);
  if (!key) co_return std::unexpected(key.error());
  auto step = crypto::match_totp(key->reveal(), code.reveal(), clock_.wall_now());
  if (!step) co_return fail(tenant_errc::wrong_code);
  auto used = co_await store_.use_step(user, *step);
  co_return used;
}

task<result<second_factor_service::state>> second_factor_service::describe(user_id user) {
  auto found = co_await store_.find(user);
  if (!found) co_return std::unexpected(found.error());
  if (!*found || !(*found)->confirmed) co_return state{};
  co_return state{.enrolled = true, .recovery_codes_left = (*found)->recovery_codes_left};
}

task<result<void>> second_factor_service::remove(user_id user, user_id actor) {
  auto removed = co_await store_.remove(user, actor);
  co_return removed;
}

task<result<secret>> second_factor_service::open_key(const second_factor& factor) {
  auto data_key = co_await open_user_data_key(data_keys_, keyring_, factor.user);
  if (!data_key) co_return std::unexpected(data_key.error());
  auto key = data_key->open(place_of(factor.user, factor.version), factor.sealed);
  if (!key) co_return std::unexpected(internal_error(key.error()));
  co_return std::move(*key);
}

}  // namespace drover::tenants
