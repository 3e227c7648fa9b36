#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace drover {

/// A file opened for appending. One thread at a time. Errors are errc::io; after a failed sync() the file must not be
/// trusted again (the kernel may have dropped the pages): close it and start a new one.
class append_file {
 public:
  virtual ~append_file() = default;
  /// Writes all bytes (handed to the kernel when it returns).
  virtual result<void> append(std::string_view bytes) = 0;
  /// On the disk when it returns.
  virtual result<void> sync() = 0;
  virtual std::uint64_t size_bytes() const = 0;
};

/// The file system as far as Drover needs it. New files are mode 0600, folders 0700, opened with O_NOFOLLOW|O_CLOEXEC.
class file_system {
 public:
  virtual ~file_system() = default;
  virtual result<std::unique_ptr<append_file>> open_append(const std::filesystem::path&) = 0;
  /// errc::not_found when there is no such file, errc::out_of_range when it is larger.
  virtual result<std::string> read(const std::filesystem::path&, std::size_t limit_bytes) = 0;
  /// Names of the regular files of a folder, sorted.
  virtual result<std::vector<std::string>> list(const std::filesystem::path&) = 0;
  virtual result<void> make_folders(const std::filesystem::path&) = 0;
  virtual result<void> remove(const std::filesystem::path&) = 0;
  virtual result<void> truncate(const std::filesystem::path&, std::uint64_t size_bytes) = 0;
  /// Replaces the file whole or not at all (write beside, sync, rename, sync the folder).
  virtual result<void> write_atomically(const std::filesystem::path&, std::string_view bytes) = 0;
  virtual result<std::uint64_t> free_bytes(const std::filesystem::path& folder) = 0;
};

/// Blocking calls of the operating system: use from a worker thread when it matters.
file_system& system_files();

/// Reads a secret file (trailing newline removed). Refuses files that others may read (mode other than 0400/0600 and
/// not in a systemd credentials folder) with an error that names the chmod to run, never the content.
result<secret> read_secret_file(const std::filesystem::path&);

}  // namespace drover
