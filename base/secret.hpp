#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace drover {

/// Bytes that must not be seen: wiped when destroyed, movable, not copyable by accident (`clone`). Printing one does
/// not compile; a log_field shows it as "***". Any thread, as any value.
class secret {
 public:
  secret() = default;
  explicit secret(std::string_view bytes);
  /// `size` zero bytes to be filled through mutable_bytes().
  static secret of_size(std::size_t size);
  secret(secret&& other) noexcept;
  secret& operator=(secret&& other) noexcept;
  secret(const secret&) = delete;
  secret& operator=(const secret&) = delete;
  ~secret();

  secret clone() const { return secret(reveal()); }
  /// The bytes themselves; every caller is a place to review. Valid as long as this object.
  std::string_view reveal() const { return {reinterpret_cast<const char*>(data_.get()), size_}; }
  std::span<unsigned char> mutable_bytes() { return {data_.get(), size_}; }
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

 private:
  void wipe() noexcept;
  std::unique_ptr<unsigned char[]> data_;
  std::size_t size_ = 0;
};

/// Overwrites memory in a way the compiler may not remove.
void wipe_memory(void* data, std::size_t size) noexcept;

/// Equal, in time that depends only on the sizes.
bool constant_time_equal(std::string_view a, std::string_view b);

}  // namespace drover
