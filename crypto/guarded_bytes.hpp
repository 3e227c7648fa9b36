#pragma once

#include <cstddef>
#include <string_view>

namespace drover::crypto {

/// Key material that stays: in memory of memfd_secret(2), which neither a core dump nor another process, root included,
/// can read (SEC-09). Where the kernel has none, or the limit of locked memory is used up: locked memory that dumps
/// leave out. Wiped when destroyed. Takes a page each: for the few keys of the process, not for one per user. Any
/// thread, as any value.
class guarded_bytes {
public:
  guarded_bytes() = default;
  /// Throws std::bad_alloc without memory.
  explicit guarded_bytes(std::string_view bytes);
  guarded_bytes(guarded_bytes&&) noexcept;
  guarded_bytes& operator=(guarded_bytes&&) noexcept;
  ~guarded_bytes();

  std::string_view reveal() const { return {data_, size_}; }
  /// The kernel hides it; false: it is only locked and left out of dumps.
  bool is_hidden() const { return hidden_; }

private:
  void release() noexcept;
  char* data_ = nullptr;
  std::size_t size_ = 0, mapped_ = 0;
  bool hidden_ = false;
};

}  // namespace drover::crypto
