#include <fmt/core.h>
#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

#include "base/random.hpp"
#include "bench/benches.hpp"
#include "bench/rate.hpp"
#include "crypto/keyring.hpp"

namespace drover::bench {
namespace {

constexpr int batch = 1000;
constexpr std::size_t value_bytes = 64, nonce_bytes = 12, tag_bytes = 16, key_bytes = 32;

struct free_context {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

void expect(bool good) {
  if (!good) throw std::runtime_error("OpenSSL failed");
}

/// The floor: decryption and tag of the same plaintext with the context kept, nothing else.
class raw_gcm {
 public:
  raw_gcm() : context_(EVP_CIPHER_CTX_new()) {
    std::string key(key_bytes, 'k'), plain(value_bytes, 'p');
    expect(EVP_EncryptInit_ex(context_.get(), EVP_aes_256_gcm(), nullptr, data(key), data(nonce_)) == 1);
    int size = 0;
    expect(EVP_EncryptUpdate(context_.get(), data(sealed_), &size, data(plain), value_bytes) == 1);
    expect(EVP_EncryptFinal_ex(context_.get(), data(sealed_), &size) == 1);
    expect(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, tag_.data()) == 1);
    expect(EVP_DecryptInit_ex(context_.get(), EVP_aes_256_gcm(), nullptr, data(key), nullptr) == 1);
  }
  void open() {
    int size = 0;
    expect(EVP_DecryptInit_ex(context_.get(), nullptr, nullptr, nullptr, data(nonce_)) == 1);
    expect(EVP_DecryptUpdate(context_.get(), data(opened_), &size, data(sealed_), value_bytes) == 1);
    expect(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag_.data()) == 1);
    expect(EVP_DecryptFinal_ex(context_.get(), data(opened_), &size) == 1);
  }

 private:
  static unsigned char* data(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
  std::unique_ptr<EVP_CIPHER_CTX, free_context> context_;
  std::string nonce_ = std::string(nonce_bytes, 'n'), sealed_ = std::string(value_bytes, 0),
              opened_ = std::string(value_bytes, 0), tag_ = std::string(tag_bytes, 0);
};

}  // namespace

int run_seal_open(int seconds_each) {
  auto& random = system_random();
  const crypto::keyring keys(crypto::master_key::generate(random), random);
  const user_id user(1);
  auto wrapped = keys.make_data_key(user).value();
  auto key = keys.unwrap(user, wrapped).value();
  const crypto::sealed_place place{user, account_id(2), "api_secret", 1, "binance"};
  const auto sealed = key.seal(place, std::string(value_bytes, 's')).value();
  raw_gcm raw;
  const auto ours = rate(seconds(seconds_each), batch, [&] { (void)key.open(place, sealed).value(); });
  const auto floor = rate(seconds(seconds_each), batch, [&] { raw.open(); });
  fmt::print("{{\"opened_per_s\":{:.0f},\"raw_per_s\":{:.0f}}}\n", ours, floor);
  return 0;
}

}  // namespace drover::bench
