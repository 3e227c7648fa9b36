#pragma once

#include <map>
#include <string>

#include "base/files.hpp"

namespace drover::test {

/// A disk for small files that are replaced whole: it fills up, refuses reads, and loses its power.
class note_disk final : public file_system {
public:
  void lose_power() { cut_ = false; }
  /// The next file is written beside the old one, and the power goes before the new one takes its place.
  void cut_next_write() { cut_ = true; }
  void fill_up(bool full = true) { full_ = full; }
  void refuse_reads() { unreadable_ = true; }
  void put(const std::string& name, std::string bytes) { files_[name] = std::move(bytes); }
  const std::map<std::string, std::string>& contents() const { return files_; }

  result<std::unique_ptr<append_file>> open_append(const std::filesystem::path&) override {
    return fail(errc::io, "open: not this disk");
  }
  result<std::string> read(const std::filesystem::path& path, std::size_t limit_bytes) override {
    const auto found = files_.find(path.string());
    if (found == files_.end()) return fail(errc::not_found, "open: no such file");
    if (unreadable_) return fail(errc::io, "read: input/output error");
    if (found->second.size() > limit_bytes) return fail(errc::out_of_range, "too large");
    return found->second;
  }
  result<std::vector<std::string>> list(const std::filesystem::path& folder) override {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : files_)
      if (std::filesystem::path(name).parent_path() == folder) names.push_back(std::filesystem::path(name).filename());
    return names;
  }
  result<void> make_folders(const std::filesystem::path&) override { return {}; }
  result<void> remove(const std::filesystem::path& path) override {
    files_.erase(path.string());
    return {};
  }
  result<void> truncate(const std::filesystem::path& path, std::uint64_t size_bytes) override {
    files_[path.string()].resize(size_bytes);
    return {};
  }
  result<void> write_atomically(const std::filesystem::path& path, std::string_view bytes) override {
    if (full_) return fail(errc::io, "write: no space left on device");
    if (cut_) return fail(errc::io, "write: the power is gone");
    files_[path.string()] = std::string(bytes);
    return {};
  }
  result<std::uint64_t> free_bytes(const std::filesystem::path&) override { return full_ ? 0 : 1'000'000'000; }

private:
  std::map<std::string, std::string> files_;
  bool full_ = false, cut_ = false, unreadable_ = false;
};

}  // namespace drover::test
