#include <array>

#include "base/encoding.hpp"
#include "crypto/data_key_state.hpp"
#include "crypto/hkdf.hpp"

namespace drover::crypto {
namespace {

constexpr std::string_view format_version = "v1";
constexpr std::string_view algorithm = "A256GCM";
constexpr std::size_t commitment_bytes = 32;
constexpr std::size_t nonce_characters = 16;
constexpr std::size_t plaintext_limit_bytes = 16 * 1024;
constexpr std::size_t body_limit_characters = (plaintext_limit_bytes + gcm_tag_bytes) * 4 / 3 + 3;

std::unexpected<error> refused() {
  return fail(crypto_errc::sealed_value_refused);
}

/// Encryption key and commitment out of one derivation: whoever finds two keys with one commitment has broken HKDF.
secret derive(std::string_view key) {
  return hkdf_sha256(key, {}, "drover-data-key-v1", aes_key_bytes + commitment_bytes);
}

std::string_view associate(binding& out, const std::string& dek_id, const sealed_place& place) {
  out.clear();
  out.add("drover-sealed-value").add(format_version).add(algorithm).add(dek_id);
  out.add(place.user.value).add(place.account.value).add(place.exchange).add(place.field).add(place.version);
  return out.bytes();
}

std::string make_prefix(const std::string& dek_id, std::string_view commitment) {
  return std::string(format_version) + "." + dek_id + "." + to_base64url(commitment) + ".";
}

}  // namespace

data_key::state::state(std::string dek_id, std::string_view key, random_source& source)
    : state(std::move(dek_id), derive(key), source) {}

data_key::state::state(std::string dek_id, const secret& derived, random_source& source)
    : id(std::move(dek_id)),
      prefix(make_prefix(id, derived.reveal().substr(aes_key_bytes))),
      cipher(derived.reveal().substr(0, aes_key_bytes)),
      random(source) {}

data_key::data_key(std::unique_ptr<state> s) : state_(std::move(s)) {}
data_key::data_key(data_key&&) noexcept = default;
data_key& data_key::operator=(data_key&&) noexcept = default;
data_key::~data_key() = default;

const std::string& data_key::id() const {
  return state_->id;
}

result<std::string> data_key::seal(const sealed_place& place, std::string_view plaintext) {
  if (plaintext.size() > plaintext_limit_bytes)
    return fail(errc::out_of_range, "a sealed value may have at most 16384 bytes");
  std::array<std::uint8_t, gcm_nonce_bytes> nonce_bytes;
  state_->random.fill(nonce_bytes);
  std::string_view nonce(reinterpret_cast<const char*>(nonce_bytes.data()), nonce_bytes.size());
  auto sealed = state_->cipher.encrypt(nonce, associate(state_->associated, state_->id, place), plaintext);
  if (!sealed) return fail(crypto_errc::broken);
  return state_->prefix + to_base64url(nonce) + "." + to_base64url(*sealed);
}

result<secret> data_key::open(const sealed_place& place, std::string_view sealed) {
  const auto& prefix = state_->prefix;
  auto body_begin = prefix.size() + nonce_characters + 1;
  if (sealed.size() <= body_begin || sealed.size() - body_begin > body_limit_characters) return refused();
  if (!constant_time_equal(sealed.substr(0, prefix.size()), prefix) || sealed[body_begin - 1] != '.') return refused();
  auto nonce = from_base64url(sealed.substr(prefix.size(), nonce_characters));
  auto body = from_base64url(sealed.substr(body_begin));
  if (!nonce || !body) return refused();
  auto plaintext = state_->cipher.decrypt(*nonce, associate(state_->associated, state_->id, place), *body);
  if (!plaintext) return refused();
  return std::move(*plaintext);
}

}  // namespace drover::crypto
