#include "crypto/usual_keys_detail.hpp"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <bit>
#include <string>

namespace drover::crypto {

namespace {

using key_context = std::unique_ptr<EVP_PKEY_CTX, openssl_delete<EVP_PKEY_CTX_free>>;
using namespace std::string_view_literals;

constexpr std::size_t scalar_bytes = 32, seed_bytes = 32;
/// Uncompressed: 0x04, x and y.
constexpr std::size_t point_bytes = 65;
constexpr std::string_view rule = "-----", blanks = " \r\n\t";

/// What stands before the private number, between it and the public half, and how long the whole is.
struct form {
  std::string_view before, between;
  std::size_t size() const { return before.size() + scalar_bytes + between.size() + point_bytes; }
};
constexpr form sec1{"\x30\x77\x02\x01\x01\x04\x20"sv,
                    "\xa0\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\xa1\x44\x03\x42\x00"sv};
constexpr form pkcs8{
    "\x30\x81\x87\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x04\x6d\x30\x6b\x02\x01\x01\x04\x20"sv,
    "\xa1\x44\x03\x42\x00"sv};
constexpr std::string_view ed25519_before = "\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"sv;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool has_form(std::string_view der, const form& f) {
  return der.size() == f.size() && der.starts_with(f.before) &&
         der.substr(f.before.size() + scalar_bytes, f.between.size()) == f.between;
}

/// OpenSSL takes numbers in the machine's order.
secret to_native_order(std::string_view big_endian) {
  secret out(big_endian);
  if constexpr (std::endian::native == std::endian::little) std::ranges::reverse(out.mutable_bytes());
  return out;
}

/// Null when the point is not on the curve.
key_handle make_p256(std::string_view scalar, std::string_view point) {
  auto number = to_native_order(scalar);
  std::string group = "prime256v1", open(point);
  std::array params{OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size()),
                    OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, number.mutable_bytes().data(), number.size()),
                    OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, open.data(), open.size()),
                    OSSL_PARAM_construct_end()};
  key_context context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params.data()) != 1)
    return nullptr;
  return key_handle(key);
}

}  // namespace

secret read_single_block(std::string_view pem) {
  const auto begin = pem.find(rule), head = pem.find(rule, begin + rule.size());
  const auto tail = head == pem.npos ? pem.npos : pem.find(rule, head + rule.size());
  const auto end = tail == pem.npos ? pem.npos : pem.find(rule, tail + rule.size());
  if (begin != 0 || end == pem.npos || pem.find_first_not_of(blanks, end + rule.size()) != pem.npos) return {};
  const auto body = pem.substr(head + rule.size(), tail - head - rule.size());
  auto text = secret::of_size(body.size());
  std::size_t size = 0, padding = 0;
  for (char c : body) {
    if (blanks.find(c) != blanks.npos) continue;
    padding += c == '=';
    text.mutable_bytes()[size++] = static_cast<unsigned char>(c);
  }
  auto der = secret::of_size(size / 4 * 3);
  const int decoded = EVP_DecodeBlock(der.mutable_bytes().data(), text.mutable_bytes().data(), static_cast<int>(size));
  if (decoded <= 0 || padding > 2) return {};
  return secret(der.reveal().substr(0, static_cast<std::size_t>(decoded) - padding));
}

key_handle read_usual_key(std::string_view der) {
  for (const auto& f : {sec1, pkcs8})
    if (has_form(der, f))
      return make_p256(der.substr(f.before.size(), scalar_bytes), der.substr(der.size() - point_bytes));
  if (der.size() == ed25519_before.size() + seed_bytes && der.starts_with(ed25519_before))
    return key_handle(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                                   bytes_of(der.substr(ed25519_before.size())), seed_bytes));
  return nullptr;
}

}  // namespace drover::crypto
