#include "exchanges/paper/account_directory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/encoding.hpp"

namespace drover::exchanges::paper {

namespace {

constexpr std::size_t hex_bytes = 32, short_hex_bytes = 12, base64_key_bytes = 42, base64_secret_bytes = 64, passphrase_bytes = 8;

std::string random_bytes(random_source& random, std::size_t count) {
  std::string out(count, '\0');
  random.fill({reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
  return out;
}

std::string make_uuid(random_source& random) {
  auto hex = random.hex(16);
  hex[12] = '4';
  hex[16] = "89ab"[random.below(4)];
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4), hex.substr(20));
}

std::string make_api_key(key_style style, random_source& random) {
  switch (style) {
    case key_style::short_hex: return random.hex(short_hex_bytes);
    case key_style::uuid: return make_uuid(random);
    case key_style::base64: return to_base64(random_bytes(random, base64_key_bytes));
    case key_style::resource_name: {
      const auto organization = make_uuid(random);
      return fmt::format("organizations/{}/apiKeys/{}", organization, make_uuid(random));
    }
    case key_style::hex: break;
  }
  return random.hex(hex_bytes);
}

std::string make_signing_key(signing_key_form form) {
  if (form == signing_key_form::ed25519)
    return to_base64(crypto::signing_key::generate(crypto::key_algorithm::ed25519).to_ed25519().reveal());
  return std::string(crypto::signing_key::generate(crypto::key_algorithm::es256).to_pem(form == signing_key_form::pkcs8).reveal());
}

std::string make_secret(const account_request& r, secret_style style, random_source& random) {
  switch (style) {
    case secret_style::uuid: return make_uuid(random);
    case secret_style::base64: return to_base64(random_bytes(random, base64_secret_bytes));
    case secret_style::signing_key: return make_signing_key(r.key_form);
    case secret_style::hex: break;
  }
  return random.hex(hex_bytes);
}

result<std::shared_ptr<const crypto::signing_key>> read_signing_key(const std::string& text) {
  if (text.starts_with("-----")) {
    auto key = crypto::signing_key::from_pem(text);
    if (!key) return std::unexpected(key.error());
    return std::make_shared<const crypto::signing_key>(std::move(*key));
  }
  auto bytes = from_base64(text);
  if (!bytes) return std::unexpected(bytes.error());
  auto key = crypto::signing_key::from_ed25519(*bytes);
  if (!key) return std::unexpected(key.error());
  return std::make_shared<const crypto::signing_key>(std::move(*key));
}

/// Every venue that registers public keys takes Ed25519 and RSA.
result<void> register_public_key(api_account& a, const account_request& r, const credential_form& form) {
  if (!form.public_keys) return fail(errc::malformed, "public_key: this venue registers none");
  if (!r.api_secret.empty()) return fail(errc::malformed, "public_key: an account has either a public key or a secret");
  auto key = crypto::verifying_key::from_pem(r.public_key);
  if (!key || key->algorithm() == crypto::key_algorithm::es256)
    return fail(errc::malformed, "public_key: an Ed25519 or RSA (2048 to 4096 bits) public key in PEM is expected");
  a.public_key = r.public_key;
  a.public_verifier = std::make_shared<const crypto::verifying_key>(std::move(*key));
  return {};
}

}  // namespace

bool api_account::allows_address(std::string_view address) const {
  return addresses.empty() || std::ranges::find(addresses, address) != addresses.end();
}

result<api_account*> account_directory::add(account_number n, const account_request& r, const credential_form& form, wall_time now,
                                            random_source& random) {
  api_account a{.number = n, .venue = r.venue, .api_key = r.api_key, .api_secret = r.api_secret, .passphrase = r.passphrase,
                .key_version = r.key_version == 0 ? form.key_version : r.key_version, .permissions = r.permissions,
                .addresses = r.addresses, .expires_at = r.expires_at, .created_at = now};
  if (a.api_key.empty()) a.api_key = make_api_key(form.key, random);
  if (!r.public_key.empty())
    if (auto registered = register_public_key(a, r, form); !registered) return std::unexpected(registered.error());
  if (a.api_secret.empty() && r.public_key.empty()) a.api_secret = make_secret(r, form.secret, random);
  if (a.passphrase.empty() && form.passphrase) a.passphrase = random.hex(passphrase_bytes);
  if (!a.addresses.empty()) a.permissions.ip_restrict = true;
  if (by_key_.contains(a.api_key)) return fail(errc::malformed, "the api_key is taken");
  if (form.secret == secret_style::signing_key) {
    auto key = read_signing_key(a.api_secret);
    if (!key) return fail(errc::malformed, "api_secret: neither a private key in PEM nor an Ed25519 key in base64");
    a.verifier = std::move(*key);
  }
  auto& kept = accounts_.emplace_back(std::move(a));
  by_key_.emplace(kept.api_key, &kept);
  return &kept;
}

api_account* account_directory::find(std::string_view api_key) {
  auto it = by_key_.find(api_key);
  return it == by_key_.end() ? nullptr : it->second;
}

const api_account* account_directory::find(std::string_view venue, std::string_view api_key) const {
  auto it = by_key_.find(api_key);
  return it == by_key_.end() || it->second->venue != venue ? nullptr : it->second;
}

}  // namespace drover::exchanges::paper
