#include "crypto/keyring.hpp"

#include <array>

#include "base/encoding.hpp"
#include "crypto/aead.hpp"
#include "crypto/binding.hpp"
#include "crypto/data_key_state.hpp"
#include "crypto/hkdf.hpp"
#include "crypto/mac.hpp"

namespace drover::crypto {
namespace {

constexpr std::string_view wrap_version = "w1";
constexpr std::string_view check_version = "c1";
constexpr std::size_t dek_id_bytes = 8;
constexpr std::size_t id_characters = 16;
constexpr std::size_t nonce_characters = 16;
/// 48 bytes: the data key and the tag.
constexpr std::size_t wrapped_characters = 64;

secret derive(const master_key& key, std::string_view purpose) {
  return hkdf_sha256(key.bytes(), {}, purpose, aes_key_bytes);
}

std::string bind_wrapping(const std::string& kek_id, const std::string& dek_id, user_id user) {
  binding place;
  place.add("drover-dek-wrap-v1").add(kek_id).add(dek_id).add(user.value);
  return std::string(place.bytes());
}

/// "w1.<kek id>.<nonce>.<wrapped key and tag>"
struct wrapped_parts {
  std::string_view kek_id, nonce, body;
};

std::optional<wrapped_parts> split(std::string_view text) {
  constexpr std::size_t id_at = wrap_version.size() + 1;
  constexpr std::size_t nonce_at = id_at + id_characters + 1;
  constexpr std::size_t body_at = nonce_at + nonce_characters + 1;
  if (text.size() != body_at + wrapped_characters || !text.starts_with(wrap_version)) return std::nullopt;
  if (text[id_at - 1] != '.' || text[nonce_at - 1] != '.' || text[body_at - 1] != '.') return std::nullopt;
  return wrapped_parts{text.substr(id_at, id_characters), text.substr(nonce_at, nonce_characters),
                       text.substr(body_at)};
}

std::unexpected<error> wrong_key(const std::string& ours, std::string_view theirs) {
  return fail(crypto_errc::key_wrong,
              "the configured key has id " + ours + ", the database was sealed with " + std::string(theirs));
}

}  // namespace

struct keyring::state {
  state(const master_key& key, random_source& source)
      : id(key.id()),
        wrapping(derive(key, "drover-wrapping-v1")),
        fingerprints(derive(key, "drover-fingerprint-v1")),
        check(derive(key, "drover-check-value-v1")),
        random(source) {}

  std::string id;
  secret wrapping, fingerprints, check;
  random_source& random;
};

keyring::keyring(master_key key, random_source& random) : state_(std::make_unique<state>(key, random)) {}
keyring::~keyring() = default;

const std::string& keyring::master_key_id() const {
  return state_->id;
}

result<keyring::wrapped_key> keyring::make_data_key(user_id user) const {
  auto key = secret::of_size(aes_key_bytes);
  state_->random.fill(key.mutable_bytes());
  std::array<std::uint8_t, gcm_nonce_bytes> nonce_bytes;
  state_->random.fill(nonce_bytes);
  std::string_view nonce(reinterpret_cast<const char*>(nonce_bytes.data()), nonce_bytes.size());
  wrapped_key out{.dek_id = state_->random.hex(dek_id_bytes), .wrapped = {}};
  aes_gcm cipher(state_->wrapping.reveal());
  auto body = cipher.encrypt(nonce, bind_wrapping(state_->id, out.dek_id, user), key.reveal());
  if (!body) return fail(crypto_errc::broken);
  out.wrapped = std::string(wrap_version) + "." + state_->id + "." + to_base64url(nonce) + "." + to_base64url(*body);
  return out;
}

result<data_key> keyring::unwrap(user_id user, const wrapped_key& wrapped) const {
  auto parts = split(wrapped.wrapped);
  if (!parts) return fail(crypto_errc::sealed_value_refused);
  if (parts->kek_id != state_->id) return wrong_key(state_->id, parts->kek_id);
  auto nonce = from_base64url(parts->nonce);
  auto body = from_base64url(parts->body);
  if (!nonce || !body) return fail(crypto_errc::sealed_value_refused);
  aes_gcm cipher(state_->wrapping.reveal());
  auto key = cipher.decrypt(*nonce, bind_wrapping(state_->id, wrapped.dek_id, user), *body);
  if (!key || key->size() != aes_key_bytes) return fail(crypto_errc::sealed_value_refused);
  return data_key(std::make_unique<data_key::state>(wrapped.dek_id, key->reveal(), state_->random));
}

std::string keyring::make_check_value() const {
  auto mac = hmac_sha256(state_->check.reveal(), "drover-check-value");
  return std::string(check_version) + "." + state_->id + "." + to_base64url(mac);
}

result<void> keyring::verify_check_value(std::string_view stored) const {
  if (constant_time_equal(stored, make_check_value())) return {};
  auto id = stored.size() > check_version.size() ? stored.substr(check_version.size() + 1, id_characters) : "";
  if (id.size() == id_characters && id != state_->id && from_hex(id)) return wrong_key(state_->id, id);
  return fail(crypto_errc::key_wrong, "the stored check value does not match key " + state_->id);
}

std::string keyring::fingerprint(std::string_view api_key) const {
  return to_base64url(hmac_sha256(state_->fingerprints.reveal(), api_key));
}

}  // namespace drover::crypto
