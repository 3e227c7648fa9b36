#include "base/mapped_page.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "base/files.hpp"

namespace drover {
namespace {

std::unexpected<error> refuse(const std::filesystem::path& path, std::string_view what, int number) {
  return fail(errc::io, path.string() + " cannot be " + std::string(what) + ": " + std::strerror(number));
}

}  // namespace

result<mapped_page> mapped_page::open(const std::filesystem::path& path, std::size_t size_bytes) {
  if (path.has_parent_path()) {
    auto folders = system_files().make_folders(path.parent_path());
    if (!folders) return fail(errc::io, path.string() + " cannot be made: " + folders.error().detail);
  }
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (descriptor < 0) return refuse(path, "opened", errno);
  mapped_page made(descriptor, {});
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0)
    return fail(errc::io,
                path.string() + " belongs to another engine that runs; give this one a state_folder of its own");
  if (::ftruncate(descriptor, static_cast<off_t>(size_bytes)) != 0) return refuse(path, "sized", errno);
  if (const int number = ::posix_fallocate(descriptor, 0, static_cast<off_t>(size_bytes)); number != 0)
    return refuse(path, "given its blocks", number);
  void* at = ::mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (at == MAP_FAILED) return refuse(path, "mapped", errno);
  made.bytes_ = {static_cast<std::byte*>(at), size_bytes};
  return made;
}

mapped_page::mapped_page(mapped_page&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), bytes_(std::exchange(other.bytes_, {})) {}

mapped_page::~mapped_page() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace drover
