#include "simulation/model_disk.hpp"

#include <algorithm>

namespace drover::simulation {
namespace {

constexpr std::uint64_t minutes_per_hour = 60, longest_full_s = 400;
constexpr std::uint64_t roomy = 1ull << 40;
constexpr std::size_t longest_torn_garbage = 64;

}  // namespace

/// One handle on a file.
class disk_file final : public append_file {
public:
  disk_file(model_disk& disk, std::shared_ptr<const life_line> life, std::string name)
      : disk_(disk), life_(std::move(life)), name_(std::move(name)) {}
  result<void> append(std::string_view bytes) override {
    if (life_->cut) return fail(errc::io, "the engine was killed");
    return disk_.append(name_, bytes);
  }
  result<void> sync() override {
    if (life_->cut) return fail(errc::io, "the engine was killed");
    return disk_.sync(name_);
  }
  std::uint64_t size_bytes() const override {
    const auto at = disk_.files_.find(name_);
    return at == disk_.files_.end() ? 0 : at->second.bytes.size();
  }

private:
  model_disk& disk_;
  std::shared_ptr<const life_line> life_;
  std::string name_;
};

class disk_view final : public file_system {
public:
  disk_view(model_disk& disk, std::shared_ptr<const life_line> life) : disk_(disk), life_(std::move(life)) {}

  result<std::unique_ptr<append_file>> open_append(const std::filesystem::path& path) override {
    auto fine = ready("open");
    if (fine && disk_.is_full() && !disk_.files_.contains(path.string())) fine = fail(errc::io, "open: no space left");
    if (!fine) return std::unexpected(fine.error());
    disk_.files_.try_emplace(path.string());
    return std::make_unique<disk_file>(disk_, life_, path.string());
  }
  result<std::string> read(const std::filesystem::path& path, std::size_t) override {
    const auto at = disk_.files_.find(path.string());
    if (at == disk_.files_.end()) return fail(errc::not_found, "no such file");
    if (auto fine = ready("read"); !fine) return std::unexpected(fine.error());
    return at->second.bytes;
  }
  result<std::vector<std::string>> list(const std::filesystem::path& folder) override {
    std::vector<std::string> names;
    for (const auto& [name, file] : disk_.files_)
      if (std::filesystem::path(name).parent_path() == folder) names.push_back(std::filesystem::path(name).filename());
    return names;
  }
  result<void> make_folders(const std::filesystem::path&) override { return {}; }
  result<void> remove(const std::filesystem::path& path) override {
    if (auto fine = ready("remove"); !fine) return fine;
    auto gone = disk_.files_.extract(path.string());
    if (!gone.empty()) disk_.removed_[path.string()] = std::move(gone.mapped());
    return {};
  }
  result<void> truncate(const std::filesystem::path& path, std::uint64_t size) override {
    if (auto fine = ready("truncate"); !fine) return fine;
    auto& file = disk_.files_[path.string()];
    file.bytes.resize(size);
    file.synced = std::min<std::size_t>(file.synced, size);
    return {};
  }
  result<void> write_atomically(const std::filesystem::path& path, std::string_view bytes) override {
    auto fine = ready("write");
    if (fine && disk_.is_full()) fine = fail(errc::io, "write: no space left");
    if (!fine) return fine;
    disk_.files_[path.string()] = {std::string(bytes), bytes.size(), false};
    disk_.removed_.clear();
    return {};
  }
  result<std::uint64_t> free_bytes(const std::filesystem::path&) override { return disk_.is_full() ? 0 : roomy; }

private:
  result<void> ready(std::string_view doing) {
    if (life_->cut) return fail(errc::io, "the engine was killed");
    return disk_.strike(doing);
  }

  model_disk& disk_;
  std::shared_ptr<const life_line> life_;
};

model_disk::model_disk(world& w, oracle& o, const fault_plan& faults) : world_(w), judge_(o), faults_(faults) {}

std::unique_ptr<file_system> model_disk::open(std::shared_ptr<const life_line> life) {
  return std::make_unique<disk_view>(*this, std::move(life));
}

result<void> model_disk::strike(std::string_view doing) {
  if (!faults_.strikes(fault::disk_error, world_.random())) return {};
  return fail(errc::io, std::string(doing) + ": input/output error");
}

/// What does not fit, or fails halfway, leaves its beginning.
result<void> model_disk::append(const std::string& name, std::string_view bytes) {
  auto fine = strike("write");
  if (fine && is_full()) fine = fail(errc::io, "write: no space left");
  if (!fine) bytes = bytes.substr(0, world_.random().below(bytes.size() + 1));
  files_[name].bytes += bytes;
  return fine;
}

result<void> model_disk::sync(const std::string& name) {
  const auto at = files_.find(name);
  if (at == files_.end()) return {};
  auto fine = strike("sync");
  if (!fine) at->second.forsaken = true;
  if (!at->second.forsaken) at->second.synced = at->second.bytes.size();
  return fine;
}

void model_disk::lose_power() {
  auto& random = world_.random();
  judge_.note("the power fails");
  for (auto& [name, file] : removed_)
    if (random.below(2) == 0) files_.try_emplace(name, std::move(file));
  removed_.clear();
  for (auto at = files_.begin(); at != files_.end();) {
    auto& [bytes, synced, forsaken] = at->second;
    const auto unsynced = bytes.size() - synced;
    bytes.resize(synced + random.below(unsynced + 1));
    const bool torn = unsynced > 0 && random.below(2) == 0;
    if (torn) bytes.append(random.below(longest_torn_garbage), '\0');
    synced = bytes.size();
    forsaken = false;
    // A file that nothing was synced of may not exist at all.
    at = bytes.empty() && random.below(2) == 0 ? files_.erase(at) : std::next(at);
  }
}

void model_disk::pass_minute() {
  auto& random = world_.random();
  if (random.below(minutes_per_hour) >= 2 || !faults_.strikes(fault::disk_full, random)) return;
  full_until_ = world_.now() + seconds(static_cast<std::int64_t>(1 + random.below(longest_full_s)));
  judge_.note("the disk is full");
}

}  // namespace drover::simulation
