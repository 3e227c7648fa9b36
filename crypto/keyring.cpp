#include "crypto/keyring.hpp"

#include <algorithm>
#include <mutex>
#include <stdexcept>

#include "base/encoding.hpp"
#include "crypto/binding.hpp"
#include "crypto/data_key_state.hpp"
#include "crypto/key_purposes.hpp"
#include "crypto/mac.hpp"
#include "crypto/wrapping_detail.hpp"

namespace drover::crypto {
namespace {

constexpr std::size_t dek_id_bytes = 8;

std::string place_of_data_key(const std::string& dek_id, user_id user) {
  binding place;
  place.add("data key").add(dek_id).add(user.value);
  return std::string(place.bytes());
}

std::string place_of_purpose(std::string_view purpose) {
  binding place;
  place.add("purpose").add(purpose);
  return std::string(place.bytes());
}

std::unexpected<error> wrong_key(const std::string& ours, std::string_view theirs) {
  return fail(crypto_errc::key_wrong,
              "the configured key has id " + ours + ", the database was sealed with " + std::string(theirs));
}

using shared_key = std::shared_ptr<const wrapping_key>;

/// What is held at one moment; never changed, only replaced.
struct held_keys {
  /// The current one first.
  std::vector<shared_key> keys;
  std::shared_ptr<const guarded_bytes> fingerprints;

  const shared_key& current() const { return keys.front(); }
  const wrapping_key* find(std::string_view id) const {
    const auto at = std::ranges::find(keys, id, [](const auto& key) -> std::string_view { return key->id(); });
    return at == keys.end() ? nullptr : at->get();
  }
};

/// `before` without what `fresh` has too, behind it.
std::vector<shared_key> put_first(const std::vector<master_key>& fresh, const std::vector<shared_key>& before) {
  std::vector<shared_key> keys;
  const auto is_there = [&](const std::string& id) {
    return std::ranges::any_of(keys, [&](const auto& key) { return key->id() == id; });
  };
  for (const auto& key : fresh)
    if (!is_there(key.id())) keys.push_back(std::make_shared<const wrapping_key>(key));
  for (const auto& key : before)
    if (!is_there(key->id())) keys.push_back(key);
  return keys;
}

}  // namespace

struct keyring::state {
  explicit state(random_source& source) : random(source) {}

  std::shared_ptr<const held_keys> get() const {
    const std::lock_guard lock(mutex);
    return held;
  }
  void set(held_keys next) {
    const std::lock_guard lock(mutex);
    held = std::make_shared<const held_keys>(std::move(next));
  }
  result<secret> unwrap(std::string_view place, std::string_view wrapped) const {
    const auto now = get();
    const auto id = wrapping_id_of(wrapped);
    if (id.empty()) return fail(crypto_errc::sealed_value_refused);
    const auto* key = now->find(id);
    if (key == nullptr) return wrong_key(now->current()->id(), id);
    return key->unwrap(place, wrapped);
  }
  result<std::string> wrap(std::string_view place, std::string_view key) {
    auto wrapped = get()->current()->wrap(place, key, random);
    if (!wrapped) return fail(crypto_errc::broken);
    return std::move(*wrapped);
  }

  random_source& random;
  mutable std::mutex mutex;
  std::shared_ptr<const held_keys> held;
};

keyring::keyring(std::vector<master_key> keys, random_source& random) : state_(std::make_unique<state>(random)) {
  if (keys.empty()) throw std::logic_error("a keyring without a key");
  const auto fingerprints = derive_from(keys.front(), "drover-fingerprint-v1", aes_key_bytes);
  state_->set({put_first(keys, {}), std::make_shared<const guarded_bytes>(fingerprints.reveal())});
}

keyring::keyring(master_key key, random_source& random)
    : keyring(
          [&] {
            std::vector<master_key> one;
            one.push_back(std::move(key));
            return one;
          }(),
          random) {}

keyring::~keyring() = default;

void keyring::take_up(std::vector<master_key> keys) {
  const auto now = state_->get();
  state_->set({put_first(keys, now->keys), now->fingerprints});
}

std::string keyring::master_key_id() const {
  return state_->get()->current()->id();
}

bool keyring::holds(std::string_view id) const {
  return state_->get()->find(id) != nullptr;
}

result<keyring::wrapped_key> keyring::make_data_key(user_id user) const {
  auto key = secret::of_size(aes_key_bytes);
  state_->random.fill(key.mutable_bytes());
  wrapped_key out{.dek_id = state_->random.hex(dek_id_bytes), .wrapped = {}};
  auto wrapped = state_->wrap(place_of_data_key(out.dek_id, user), key.reveal());
  if (!wrapped) return std::unexpected(wrapped.error());
  out.wrapped = std::move(*wrapped);
  return out;
}

result<data_key> keyring::unwrap(user_id user, const wrapped_key& wrapped) const {
  auto key = state_->unwrap(place_of_data_key(wrapped.dek_id, user), wrapped.wrapped);
  if (!key) return std::unexpected(key.error());
  return data_key(std::make_unique<data_key::state>(wrapped.dek_id, key->reveal(), state_->random));
}

result<keyring::wrapped_key> keyring::rewrap(user_id user, const wrapped_key& wrapped, const keyring& target) const {
  const auto place = place_of_data_key(wrapped.dek_id, user);
  auto key = state_->unwrap(place, wrapped.wrapped);
  if (!key) return std::unexpected(key.error());
  auto again = target.state_->wrap(place, key->reveal());
  if (!again) return std::unexpected(again.error());
  return wrapped_key{.dek_id = wrapped.dek_id, .wrapped = std::move(*again)};
}

result<std::string> keyring::wrap_key(std::string_view purpose, const secret& key) const {
  return state_->wrap(place_of_purpose(purpose), key.reveal());
}

result<secret> keyring::unwrap_key(std::string_view purpose, std::string_view wrapped) const {
  return state_->unwrap(place_of_purpose(purpose), wrapped);
}

std::string keyring::make_check_value() const {
  return state_->get()->current()->make_check_value();
}

result<void> keyring::verify_check_value(std::string_view stored) const {
  const auto now = state_->get();
  const auto id = wrapping_id_of(stored);
  const auto* key = id.empty() ? now->current().get() : now->find(id);
  if (key == nullptr) return wrong_key(now->current()->id(), id);
  if (constant_time_equal(stored, key->make_check_value())) return {};
  return fail(crypto_errc::key_wrong, "the stored check value does not match key " + key->id());
}

keyring::attestation keyring::attest(std::string_view message) const {
  const auto key = state_->get()->current();
  return {.public_key = key->attestation_key(), .signature = key->attest(message)};
}

std::string keyring::fingerprint(std::string_view api_key) const {
  const auto now = state_->get();
  return to_base64url(hmac_sha256(now->fingerprints->reveal(), api_key));
}

result<std::string> keyring::wrap_fingerprint_key() const {
  const auto now = state_->get();
  return state_->wrap(place_of_purpose(fingerprint_key_purpose), now->fingerprints->reveal());
}

result<void> keyring::use_fingerprint_key(std::string_view wrapped) {
  auto key = unwrap_key(fingerprint_key_purpose, wrapped);
  if (!key) return std::unexpected(key.error());
  state_->set({state_->get()->keys, std::make_shared<const guarded_bytes>(key->reveal())});
  return {};
}

}  // namespace drover::crypto
