#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "base/error.hpp"

namespace drover {

/// A small file in memory. What is stored in it is there after the process died, however it died; not after the machine
/// did. Any thread; what is stored where is the user's matter.
class mapped_page {
public:
  /// Opens the file, or makes it (mode 0600, its folders too) filled with zeros, and keeps every other process out of
  /// it. All of its blocks are taken at once: a full disk cannot strike a later store. errc::io names the path and what
  /// is wrong.
  static result<mapped_page> open(const std::filesystem::path&, std::size_t size_bytes);
  mapped_page(mapped_page&&) noexcept;
  mapped_page& operator=(mapped_page&&) = delete;
  ~mapped_page();

  std::span<std::byte> bytes() { return bytes_; }

private:
  mapped_page(int descriptor, std::span<std::byte> bytes) : descriptor_(descriptor), bytes_(bytes) {}
  /// Kept for the lock.
  int descriptor_ = -1;
  std::span<std::byte> bytes_;
};

}  // namespace drover
