#pragma once

#include <map>
#include <string>

#include "tests/unit/exchanges/fakes.hpp"

namespace drover::exchanges {

/// Files in memory that count their syncs and can refuse them.
class spool_files final : public file_system {
  test::memory_files inner_;

 public:
  std::map<std::string, std::string>& contents = inner_.contents;
  /// So many of the next syncs fail.
  int fail_syncs = 0;
  /// Files whose names hold this cannot be read; empty: all can.
  std::string unreadable;

  int syncs_of(const std::string& name) const {
    std::scoped_lock lock(guard_);
    const auto found = syncs_.find(name);
    return found == syncs_.end() ? 0 : found->second;
  }
  void set_refuse(bool value) { inner_.refuse = value; }
  void set_free(std::uint64_t bytes) { inner_.free = bytes; }
  std::vector<std::string> names_with(std::string_view ending) const { return inner_.names_with(ending); }

  result<std::unique_ptr<append_file>> open_append(const std::filesystem::path& p) override {
    auto made = inner_.open_append(p);
    if (!made) return made;
    return std::make_unique<counted>(*this, p.string(), std::move(*made));
  }
  result<std::string> read(const std::filesystem::path& p, std::size_t limit) override {
    if (!unreadable.empty() && p.string().contains(unreadable)) return fail(errc::io, "read: input/output error");
    return inner_.read(p, limit);
  }
  result<std::vector<std::string>> list(const std::filesystem::path& p) override { return inner_.list(p); }
  result<void> make_folders(const std::filesystem::path& p) override { return inner_.make_folders(p); }
  result<void> remove(const std::filesystem::path& p) override { return inner_.remove(p); }
  result<void> truncate(const std::filesystem::path& p, std::uint64_t size) override { return inner_.truncate(p, size); }
  result<void> write_atomically(const std::filesystem::path& p, std::string_view bytes) override {
    return inner_.write_atomically(p, bytes);
  }
  result<std::uint64_t> free_bytes(const std::filesystem::path& p) override { return inner_.free_bytes(p); }

 private:
  class counted final : public append_file {
   public:
    counted(spool_files& files, std::string name, std::unique_ptr<append_file> inner)
        : files_(files), name_(std::move(name)), inner_(std::move(inner)) {}
    result<void> append(std::string_view bytes) override { return inner_->append(bytes); }
    result<void> sync() override { return files_.count_sync(name_); }
    std::uint64_t size_bytes() const override { return inner_->size_bytes(); }

   private:
    spool_files& files_;
    std::string name_;
    std::unique_ptr<append_file> inner_;
  };
  result<void> count_sync(const std::string& name) {
    std::scoped_lock lock(guard_);
    ++syncs_[name];
    if (fail_syncs <= 0) return {};
    --fail_syncs;
    return fail(errc::io, "sync: input/output error");
  }

  mutable std::mutex guard_;
  std::map<std::string, int> syncs_;
};

}  // namespace drover::exchanges
