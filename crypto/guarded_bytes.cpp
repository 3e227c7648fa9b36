#include "crypto/guarded_bytes.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <new>
#include <utility>

#include "base/secret.hpp"

namespace drover::crypto {
namespace {

/// Null when the kernel has none (before 5.14, or secretmem.enable=0) or RLIMIT_MEMLOCK is used up.
void* map_hidden(std::size_t size) {
#ifdef SYS_memfd_secret
  const int descriptor = static_cast<int>(syscall(SYS_memfd_secret, O_CLOEXEC));
  if (descriptor < 0) return nullptr;
  void* memory = MAP_FAILED;
  if (ftruncate(descriptor, static_cast<off_t>(size)) == 0)
    memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  close(descriptor);
  return memory == MAP_FAILED ? nullptr : memory;
#else
  (void)size;
  return nullptr;
#endif
}

void* map_locked(std::size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  // Neither is worth refusing to start for: both protect against what is off anyway (dumps, swap).
  (void)mlock(memory, size);
  (void)madvise(memory, size, MADV_DONTDUMP);
  return memory;
}

std::size_t round_to_pages(std::size_t size) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return (size + page - 1) / page * page;
}

}  // namespace

guarded_bytes::guarded_bytes(std::string_view bytes) : size_(bytes.size()), mapped_(round_to_pages(bytes.size())) {
  if (bytes.empty()) return;
  void* memory = map_hidden(mapped_);
  hidden_ = memory != nullptr;
  data_ = static_cast<char*>(hidden_ ? memory : map_locked(mapped_));
  std::memcpy(data_, bytes.data(), size_);
}

guarded_bytes::guarded_bytes(guarded_bytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, 0)),
      hidden_(other.hidden_) {}

guarded_bytes& guarded_bytes::operator=(guarded_bytes&& other) noexcept {
  if (this == &other) return *this;
  release();
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  mapped_ = std::exchange(other.mapped_, 0);
  hidden_ = other.hidden_;
  return *this;
}

guarded_bytes::~guarded_bytes() {
  release();
}

void guarded_bytes::release() noexcept {
  if (data_ == nullptr) return;
  wipe_memory(data_, size_);
  munmap(data_, mapped_);
}

}  // namespace drover::crypto
