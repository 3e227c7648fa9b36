#include "base/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "base/descriptor.hpp"

namespace drover {
namespace {

constexpr mode_t private_file = 0600;
constexpr mode_t private_folder = 0700;
constexpr std::size_t read_step_bytes = 4096;
constexpr std::size_t secret_limit_bytes = 64 * 1024;

std::unexpected<error> failed(std::string_view operation, const std::filesystem::path& path) {
  const auto code = errno == ENOENT ? errc::not_found : errc::io;
  const std::string reason = std::generic_category().message(errno);
  return fail(code, std::string(operation) + " " + path.filename().string() + ": " + reason);
}

/// As failed(), and the unfinished file goes.
std::unexpected<error> failed_without(std::string_view operation, const std::filesystem::path& unfinished) {
  auto answer = failed(operation, unfinished);
  ::unlink(unfinished.c_str());
  return answer;
}

std::unexpected<error> too_large(const std::filesystem::path& path, std::size_t limit_bytes) {
  return fail(errc::out_of_range, path.filename().string() + " is larger than " + std::to_string(limit_bytes) + " bytes");
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

class posix_append_file final : public append_file {
 public:
  posix_append_file(descriptor fd, std::filesystem::path path, std::uint64_t size)
      : fd_(std::move(fd)), path_(std::move(path)), size_(size) {}
  result<void> append(std::string_view bytes) override {
    if (!write_all(fd_.get(), bytes)) return failed("write", path_);
    size_ += bytes.size();
    return {};
  }
  result<void> sync() override {
    if (::fdatasync(fd_.get()) != 0) return failed("sync", path_);
    return {};
  }
  std::uint64_t size_bytes() const override { return size_; }

 private:
  descriptor fd_;
  std::filesystem::path path_;
  std::uint64_t size_;
};

class posix_file_system final : public file_system {
 public:
  result<std::unique_ptr<append_file>> open_append(const std::filesystem::path& path) override {
    descriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, private_file));
    struct stat info {};
    if (!fd.valid() || ::fstat(fd.get(), &info) != 0) return failed("open", path);
    return std::make_unique<posix_append_file>(std::move(fd), path, static_cast<std::uint64_t>(info.st_size));
  }

  result<std::string> read(const std::filesystem::path& path, std::size_t limit_bytes) override {
    descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat info {};
    if (!fd.valid() || ::fstat(fd.get(), &info) != 0) return failed("open", path);
    if (static_cast<std::uint64_t>(info.st_size) > limit_bytes) return too_large(path, limit_bytes);
    // Pipes and files of /proc tell no size: read on until the end. The extra byte finds it without moving the bytes,
    // for they may be secret and a copy left behind is not wiped.
    std::string bytes;
    std::size_t filled = 0;
    for (;;) {
      const std::size_t room = std::max<std::size_t>(static_cast<std::size_t>(info.st_size) + 1, filled + read_step_bytes);
      if (filled == bytes.size()) bytes.resize(std::min(room, limit_bytes + 1));
      const ssize_t got = ::read(fd.get(), bytes.data() + filled, bytes.size() - filled);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failed("read", path);
      if (got == 0) break;
      filled += static_cast<std::size_t>(got);
      if (filled > limit_bytes) return too_large(path, limit_bytes);
    }
    bytes.resize(filled);
    return bytes;
  }

  result<std::vector<std::string>> list(const std::filesystem::path& folder) override {
    std::error_code ec;
    std::vector<std::string> names;
    for (std::filesystem::directory_iterator at(folder, ec), end; !ec && at != end; at.increment(ec))
      if (std::error_code gone; at->is_regular_file(gone)) names.push_back(at->path().filename().string());
    if (ec) return fail(errc::io, "list " + folder.filename().string() + ": " + ec.message());
    std::sort(names.begin(), names.end());
    return names;
  }

  result<void> make_folders(const std::filesystem::path& path) override {
    std::filesystem::path made;
    for (const auto& part : path) {
      made /= part;
      std::error_code ec;
      if (std::filesystem::is_directory(made, ec)) continue;
      if (::mkdir(made.c_str(), private_folder) != 0 && errno != EEXIST) return failed("make folder", made);
    }
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return failed("make folder", path);
    if (!S_ISDIR(info.st_mode)) return fail(errc::io, path.filename().string() + " is not a folder");
    return {};
  }

  result<void> remove(const std::filesystem::path& path) override {
    if (::unlink(path.c_str()) != 0) return failed("remove", path);
    return {};
  }

  result<void> truncate(const std::filesystem::path& path, std::uint64_t size_bytes) override {
    if (::truncate(path.c_str(), static_cast<off_t>(size_bytes)) != 0) return failed("truncate", path);
    return {};
  }

  result<void> write_atomically(const std::filesystem::path& path, std::string_view bytes) override {
    auto beside = path;
    beside += ".new";
    {
      descriptor fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, private_file));
      if (!fd.valid() || !write_all(fd.get(), bytes) || ::fsync(fd.get()) != 0) return failed_without("write", beside);
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) return failed_without("rename", beside);
    const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid() || ::fsync(fd.get()) != 0) return failed("sync", folder);
    return {};
  }

  result<std::uint64_t> free_bytes(const std::filesystem::path& folder) override {
    struct statvfs info {};
    if (::statvfs(folder.c_str(), &info) != 0) return failed("statvfs", folder);
    return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  }
};

bool is_credential(const std::filesystem::path& path) {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  return folder != nullptr && path.parent_path() == std::filesystem::path(folder);
}

}  // namespace

file_system& system_files() {
  static posix_file_system instance;
  return instance;
}

result<secret> read_secret_file(const std::filesystem::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    return fail(errc::io, path.string() + ": " + std::generic_category().message(errno));
  if ((info.st_mode & 077) != 0 && !is_credential(path))
    return fail(errc::io, path.string() + " may be read by others; run: chmod 0600 " + path.string());
  auto bytes = system_files().read(path, secret_limit_bytes);
  if (!bytes) return std::unexpected(bytes.error());
  std::string_view text = *bytes;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  secret out(text);
  wipe_memory(bytes->data(), bytes->size());
  return out;
}

}  // namespace drover
