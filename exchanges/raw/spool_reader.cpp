#include "exchanges/raw/spool_reader.hpp"

#include <utility>

namespace drover::exchanges {

namespace {

constexpr int read_attempts = 5;

std::shared_ptr<segment_content> read_now(file_system& files, const std::filesystem::path& path,
                                          const std::filesystem::path& bad_path) {
  auto bytes = files.read(path, segment_read_limit);
  if (!bytes) return nullptr;
  auto content = std::make_shared<segment_content>(decode_segment(*bytes));
  for (const auto& d : content->damaged) {
    auto file = files.open_append(bad_path);
    if (file) (void)(*file)->append(std::string_view(*bytes).substr(d.offset, d.size));
  }
  return content;
}

bool sync_segment(file_system& files, const std::filesystem::path& path) {
  auto file = files.open_append(path);
  return file && (*file)->sync().has_value();
}

}  // namespace

spool_reader::spool_reader(file_system& files, worker_pool& workers, timer_queue& timers, nanoseconds retry_pause)
    : files_(files), workers_(workers), timers_(timers), retry_pause_(retry_pause) {}

task<std::shared_ptr<segment_content>> spool_reader::read(std::filesystem::path path, std::filesystem::path bad_path,
                                                          std::filesystem::path state_path, std::string state,
                                                          bool may_sync) {
  auto* files = &files_;
  for (int attempt = 0; attempt < read_attempts; ++attempt) {
    if (attempt > 0) co_await sleep_for(timers_, retry_pause_);
    std::move_only_function<std::shared_ptr<segment_content>()> job =
        [files, path, bad_path, state_path, state, may_sync]() -> std::shared_ptr<segment_content> {
      // A number that is stored must not be given again. On a full disk the copying goes on all the same: then the segment itself
      // has to outlive the power.
      const bool counted = files->write_atomically(state_path, state).has_value();
      if (!counted && !(may_sync && sync_segment(*files, path))) return nullptr;
      return read_now(*files, path, bad_path);
    };
    auto answer = co_await workers_.run(std::move(job));
    if (answer && *answer) co_return std::move(*answer);
  }
  co_return nullptr;
}

task<result<void>> spool_reader::set_aside(std::filesystem::path bad_path, std::string bytes) {
  auto* files = &files_;
  std::move_only_function<result<void>()> job = [files, bad_path, bytes = std::move(bytes)]() -> result<void> {
    auto file = files->open_append(bad_path);
    if (!file) return std::unexpected(file.error());
    auto written = (*file)->append(bytes);
    if (!written) return written;
    return (*file)->sync();
  };
  auto done = co_await workers_.run(std::move(job));
  if (!done) co_return std::unexpected(done.error());
  co_return std::move(*done);
}

task<result<void>> spool_reader::remove(std::filesystem::path path, std::filesystem::path state_path, std::string state) {
  auto* files = &files_;
  std::move_only_function<result<void>()> job = [files, path, state_path, state = std::move(state)]() -> result<void> {
    auto kept = files->write_atomically(state_path, state);
    if (!kept) return kept;
    return files->remove(path);
  };
  auto done = co_await workers_.run(std::move(job));
  if (!done) co_return std::unexpected(done.error());
  co_return std::move(*done);
}

}  // namespace drover::exchanges
