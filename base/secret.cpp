#include "base/secret.hpp"

#include <openssl/crypto.h>

#include <cstring>
#include <utility>

namespace drover {

secret::secret(std::string_view bytes) : secret(of_size(bytes.size())) {
  if (!bytes.empty()) std::memcpy(data_.get(), bytes.data(), bytes.size());
}

secret secret::of_size(std::size_t size) {
  secret made;
  if (size > 0) made.data_ = std::make_unique<unsigned char[]>(size);
  made.size_ = size;
  return made;
}

secret::secret(secret&& other) noexcept : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}

secret& secret::operator=(secret&& other) noexcept {
  if (this == &other) return *this;
  wipe();
  data_ = std::move(other.data_);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

secret::~secret() { wipe(); }

void secret::wipe() noexcept {
  if (data_) wipe_memory(data_.get(), size_);
}

void wipe_memory(void* data, std::size_t size) noexcept { OPENSSL_cleanse(data, size); }

bool constant_time_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace drover
