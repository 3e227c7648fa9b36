#include "crypto/signing_key.hpp"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <utility>

#include "crypto/keyring.hpp"
#include "crypto/openssl_handles.hpp"
#include "crypto/usual_keys_detail.hpp"

namespace drover::crypto {

namespace {

constexpr std::size_t scalar_bytes = 32, seed_bytes = 32, signature_bytes = 64;
constexpr std::size_t pem_limit = 8 * 1024;
/// Shorter ones are broken, longer ones take their time.
constexpr int rsa_least_bits = 2'048, rsa_most_bits = 4'096;
constexpr std::string_view rule = "-----";

using digest_context = std::unique_ptr<EVP_MD_CTX, openssl_delete<EVP_MD_CTX_free>>;
using memory_file = std::unique_ptr<BIO, openssl_delete<BIO_free_all>>;
using ecdsa_signature = std::unique_ptr<ECDSA_SIG, openssl_delete<ECDSA_SIG_free>>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

[[noreturn]] void throw_broken(const char* what) { throw std::runtime_error(std::string("OpenSSL cannot ") + what); }

/// Keys copied out of a JSON file carry backslash and n instead of line ends.
secret unescape_line_ends(std::string_view pem) {
  auto out = secret::of_size(pem.size());
  auto to = out.mutable_bytes();
  std::size_t size = 0;
  for (std::size_t i = 0; i < pem.size(); ++i) {
    const bool escaped = pem[i] == '\\' && i + 1 < pem.size() && pem[i + 1] == 'n';
    to[size++] = static_cast<unsigned char>(escaped ? '\n' : pem[i]);
    if (escaped) ++i;
  }
  return secret(out.reveal().substr(0, size));
}

/// "-----BEGIN X-----AAAA-----END X-----" on one line, as a form field leaves it (some put blanks between the lines): the lines
/// are made anew.
secret part_lines(secret text) {
  const auto all = text.reveal();
  const auto begin = all.find(rule), head = all.find(rule, begin + rule.size());
  const auto tail = head == all.npos ? all.npos : all.find(rule, head + rule.size());
  if (begin != 0 || tail == all.npos || all.find('\n') != all.npos) return text;
  constexpr std::size_t line_length = 64;
  auto out = secret::of_size(2 * all.size() + 4);
  auto to = out.mutable_bytes();
  std::size_t size = 0, column = 0;
  const auto add = [&](char c) { to[size++] = static_cast<unsigned char>(c); };
  for (char c : all.substr(0, head + rule.size())) add(c);
  add('\n');
  for (char c : all.substr(head + rule.size(), tail - head - rule.size())) {
    if (c == ' ') continue;
    add(c);
    if (++column % line_length == 0) add('\n');
  }
  if (column % line_length != 0) add('\n');
  for (char c : all.substr(tail)) add(c);
  add('\n');
  return secret(out.reveal().substr(0, size));
}

/// Never asks anybody for a passphrase.
int refuse_passphrase(char*, int, int, void*) { return -1; }

bool is_p256(EVP_PKEY* key) {
  std::array<char, 64> name{};
  std::size_t size = 0;
  return EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) == 1 &&
         std::string_view(name.data(), size) == "prime256v1";
}

/// Nothing for keys of other kinds or sizes.
std::optional<key_algorithm> algorithm_of(EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519: return key_algorithm::ed25519;
    case EVP_PKEY_EC: return is_p256(key) ? std::optional(key_algorithm::es256) : std::nullopt;
    case EVP_PKEY_RSA: {
      const auto bits = EVP_PKEY_get_bits(key);
      return bits >= rsa_least_bits && bits <= rsa_most_bits ? std::optional(key_algorithm::rsa) : std::nullopt;
    }
    default: return std::nullopt;
  }
}

/// Null when it cannot be read.
template <auto Read>
key_handle decode(const secret& text) {
  memory_file file(BIO_new_mem_buf(text.reveal().data(), static_cast<int>(text.size())));
  if (!file) throw_broken("hold a key");
  return key_handle(Read(file.get(), nullptr, refuse_passphrase, nullptr));
}

/// Its line ends in place; empty when it is too long to be a key.
secret read_text(std::string_view pem) {
  if (pem.size() > pem_limit) return {};
  return part_lines(unescape_line_ends(pem));
}

key_handle read_private_key(std::string_view pem) {
  const auto text = read_text(pem);
  if (text.empty()) return nullptr;
  auto key = read_usual_key(read_single_block(text.reveal()).reveal());
  return key ? std::move(key) : decode<PEM_read_bio_PrivateKey>(text);
}

key_handle read_public_key(std::string_view pem) {
  const auto text = read_text(pem);
  return text.empty() ? nullptr : decode<PEM_read_bio_PUBKEY>(text);
}

/// Ed25519 hashes by itself. PKCS #1 v1.5 is what OpenSSL pads RSA signatures with unless told otherwise.
const EVP_MD* digest_of(key_algorithm algorithm) { return algorithm == key_algorithm::ed25519 ? nullptr : EVP_sha256(); }

std::string to_fixed(const std::string& der) {
  const auto* at = bytes_of(der);
  ecdsa_signature parts(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  std::string out(signature_bytes, '\0');
  auto* to = reinterpret_cast<unsigned char*>(out.data());
  if (!parts || BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), to, scalar_bytes) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), to + scalar_bytes, scalar_bytes) < 0)
    throw_broken("read its own signature");
  return out;
}

std::string to_der(std::string_view fixed) {
  ecdsa_signature parts(ECDSA_SIG_new());
  auto* r = BN_bin2bn(bytes_of(fixed), scalar_bytes, nullptr);
  auto* s = BN_bin2bn(bytes_of(fixed) + scalar_bytes, scalar_bytes, nullptr);
  if (!parts || ECDSA_SIG_set0(parts.get(), r, s) != 1) throw_broken("hold a signature");
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(parts.get(), &der);
  if (size < 0) throw_broken("encode a signature");
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

bool verify_signature(EVP_PKEY* key, key_algorithm algorithm, std::string_view message, std::string_view signature) {
  const auto expected = algorithm == key_algorithm::rsa ? static_cast<std::size_t>(EVP_PKEY_get_size(key)) : signature_bytes;
  if (signature.size() != expected) return false;
  const std::string encoded = algorithm == key_algorithm::es256 ? to_der(signature) : std::string(signature);
  digest_context context(EVP_MD_CTX_new());
  if (!context || EVP_DigestVerifyInit(context.get(), nullptr, digest_of(algorithm), nullptr, key) != 1)
    throw_broken("begin a verification");
  return EVP_DigestVerify(context.get(), bytes_of(encoded), encoded.size(), bytes_of(message), message.size()) == 1;
}

secret contents_of(BIO* file) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(file, &data);
  secret out(std::string_view(data, static_cast<std::size_t>(size)));
  wipe_memory(data, static_cast<std::size_t>(size));
  return out;
}

}  // namespace

struct signing_key::state {
  key_handle key;
  key_algorithm algorithm;
};

signing_key::signing_key(std::unique_ptr<state> s) : state_(std::move(s)) {}
signing_key::signing_key(signing_key&&) noexcept = default;
signing_key& signing_key::operator=(signing_key&&) noexcept = default;
signing_key::~signing_key() = default;

key_algorithm signing_key::algorithm() const { return state_->algorithm; }

result<signing_key> signing_key::from_pem(std::string_view pem) {
  auto key = read_private_key(pem);
  const auto algorithm = key ? algorithm_of(key.get()) : std::nullopt;
  if (!algorithm)
    return fail(crypto_errc::key_malformed, "not a private key in PEM (P-256, Ed25519, or RSA of 2048 to 4096 bits; no passphrase)");
  return signing_key(std::make_unique<state>(state{std::move(key), *algorithm}));
}

result<signing_key> signing_key::from_ed25519(std::string_view bytes) {
  if (bytes.size() != seed_bytes && bytes.size() != 2 * seed_bytes)
    return fail(crypto_errc::key_malformed, "an Ed25519 key has 32 or 64 bytes");
  key_handle key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(bytes), seed_bytes));
  if (!key) throw_broken("read an Ed25519 key");
  return signing_key(std::make_unique<state>(state{std::move(key), key_algorithm::ed25519}));
}

signing_key signing_key::generate(key_algorithm algorithm) {
  key_handle key;
  switch (algorithm) {
    case key_algorithm::es256: key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")); break;
    case key_algorithm::ed25519: key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); break;
    case key_algorithm::rsa: key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(rsa_least_bits))); break;
  }
  if (!key) throw_broken("generate a key");
  return signing_key(std::make_unique<state>(state{std::move(key), algorithm}));
}

std::string signing_key::sign(std::string_view message) const {
  digest_context context(EVP_MD_CTX_new());
  if (!context || EVP_DigestSignInit(context.get(), nullptr, digest_of(state_->algorithm), nullptr, state_->key.get()) != 1)
    throw_broken("begin a signature");
  std::size_t size = 0;
  if (EVP_DigestSign(context.get(), nullptr, &size, bytes_of(message), message.size()) != 1) throw_broken("size a signature");
  std::string out(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes_of(message), message.size()) != 1)
    throw_broken("sign");
  out.resize(size);
  return state_->algorithm == key_algorithm::es256 ? to_fixed(out) : out;
}

bool signing_key::verify(std::string_view message, std::string_view signature) const {
  return verify_signature(state_->key.get(), state_->algorithm, message, signature);
}

secret signing_key::to_pem(bool pkcs8) const {
  memory_file file(BIO_new(BIO_s_mem()));
  auto* key = state_->key.get();
  const bool traditional = !pkcs8 && state_->algorithm != key_algorithm::ed25519;
  const int done = !file ? 0
                   : traditional
                       ? PEM_write_bio_PrivateKey_traditional(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr)
                       : PEM_write_bio_PKCS8PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  if (done != 1) throw_broken("write a key");
  return contents_of(file.get());
}

std::string signing_key::to_public_pem() const {
  memory_file file(BIO_new(BIO_s_mem()));
  if (!file || PEM_write_bio_PUBKEY(file.get(), state_->key.get()) != 1) throw_broken("write a public key");
  return std::string(contents_of(file.get()).reveal());
}

secret signing_key::to_ed25519() const {
  auto out = secret::of_size(2 * seed_bytes);
  auto to = out.mutable_bytes();
  std::size_t seed = seed_bytes, open = seed_bytes;
  if (EVP_PKEY_get_raw_private_key(state_->key.get(), to.data(), &seed) != 1 ||
      EVP_PKEY_get_raw_public_key(state_->key.get(), to.data() + seed_bytes, &open) != 1)
    throw_broken("write an Ed25519 key");
  return out;
}

verifying_key::verifying_key(std::unique_ptr<signing_key::state> s) : state_(std::move(s)) {}
verifying_key::verifying_key(verifying_key&&) noexcept = default;
verifying_key& verifying_key::operator=(verifying_key&&) noexcept = default;
verifying_key::~verifying_key() = default;

result<verifying_key> verifying_key::from_pem(std::string_view pem) {
  auto key = read_public_key(pem);
  const auto algorithm = key ? algorithm_of(key.get()) : std::nullopt;
  if (!algorithm) return fail(crypto_errc::key_malformed, "not a public key in PEM (P-256, Ed25519, or RSA of 2048 to 4096 bits)");
  return verifying_key(std::make_unique<signing_key::state>(signing_key::state{std::move(key), *algorithm}));
}

key_algorithm verifying_key::algorithm() const { return state_->algorithm; }

bool verifying_key::verify(std::string_view message, std::string_view signature) const {
  return verify_signature(state_->key.get(), state_->algorithm, message, signature);
}

bool looks_like_pem(std::string_view text) {
  const auto begin = text.find_first_not_of(" \r\n\t");
  return begin != text.npos && text.substr(begin).starts_with(rule);
}

}  // namespace drover::crypto
