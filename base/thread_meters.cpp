#include "base/thread_meters.hpp"

#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <new>

namespace {

thread_local std::uint64_t allocated = 0;

}  // namespace

namespace drover {

std::uint64_t allocated_bytes() {
  return allocated;
}

nanoseconds thread_processor_time() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return seconds(used.tv_sec) + nanoseconds(used.tv_nsec);
}

}  // namespace drover

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
// The sanitizers' own operators find what ours would hide.
#else

namespace {

/// As the standard asks: the new_handler may free something, else bad_alloc.
template <class Allocate>
void* allocate(std::size_t size, Allocate try_once) {
  allocated += size;
  for (;;) {
    if (void* made = try_once(); made != nullptr) return made;
    const auto handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

}  // namespace

// The other forms of new and delete call these.
void* operator new(std::size_t size) {
  return allocate(size, [size] { return std::malloc(size == 0 ? 1 : size); });
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto boundary = static_cast<std::size_t>(alignment);
  const auto rounded = (size + boundary - 1) / boundary * boundary;
  return allocate(size,
                  [boundary, rounded] { return std::aligned_alloc(boundary, rounded == 0 ? boundary : rounded); });
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
  std::free(p);
}

#endif
