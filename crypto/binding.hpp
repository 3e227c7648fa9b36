#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace drover::crypto {

/// Joins fields so that different lists never give the same bytes: each field is preceded by its length (32 bits,
/// little endian); numbers are fields of 8 bytes. What signatures and ciphertexts are bound to.
class binding {
public:
  binding& add(std::string_view field) {
    add_little_endian(static_cast<std::uint32_t>(field.size()), 4);
    bytes_.append(field);
    return *this;
  }
  binding& add(std::int64_t number) {
    add_little_endian(8, 4);
    add_little_endian(static_cast<std::uint64_t>(number), 8);
    return *this;
  }
  /// Keeps the memory.
  void clear() { bytes_.clear(); }
  std::string_view bytes() const { return bytes_; }

private:
  void add_little_endian(std::uint64_t value, std::size_t count) {
    std::array<char, 8> digits;
    for (auto& digit : digits) {
      digit = static_cast<char>(value & 0xff);
      value >>= 8;
    }
    bytes_.append(digits.data(), count);
  }
  std::string bytes_;
};

}  // namespace drover::crypto
