#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "base/task_scope.hpp"
#include "exchanges/raw/raw_store.hpp"
#include "exchanges/raw/recorder.hpp"

namespace drover::exchanges {

namespace {

const logger log("raw");

constexpr std::size_t batch_records = 2'000;
constexpr std::size_t batch_bytes = 4u << 20;
constexpr nanoseconds partitions_interval = 1h;
constexpr nanoseconds disk_check_interval = 1s;
constexpr int read_attempts = 5;

/// Streams with this ending belong to accounts even where a frame does not say to which.
constexpr std::string_view private_stream_ending = ".user";

/// Reasons hold words of venues and libraries: PostgreSQL takes only text.
std::string to_plain_text(std::string_view text) {
  constexpr std::size_t reason_limit = 300;
  std::string out(text.substr(0, reason_limit));
  for (char& c : out)
    if (c < 0x20 || c > 0x7e) c = '?';
  return out;
}

bool may_be_dropped(const raw_record& r) { return r.account.empty() && !r.stream.ends_with(private_stream_ending); }

class discarding_recorder final : public raw_recorder {
 public:
  void record(const raw_record&) override {}
  void record_gap(std::string_view, wall_time, wall_time, std::string_view) override {}
};

}  // namespace

recorder::recorder(executor ex, timer_queue& timers, file_system& files, std::unique_ptr<raw_store> store,
                   worker_pool& workers, raw_recorder_config config, std::unique_ptr<spool_writer> spool)
    : timers_(timers),
      files_(files),
      store_(std::move(store)),
      workers_(workers),
      config_(std::move(config)),
      spool_(std::move(spool)),
      copy_wanted_(ex),
      sync_done_(ex),
      drained_(ex),
      stopped_(ex),
      scope_(ex, "raw recorder") {}

recorder::~recorder() = default;

bool recorder::is_full() const { return low_disk_ || spooled_bytes_ >= config_.spool_limit_bytes; }

void recorder::record(const raw_record& r) {
  auto now = timers_.get_clock().wall_now();
  if (is_full() && may_be_dropped(r)) {
    // Said at once as well: the end of the drop may never be reached.
    if (!drops_.contains(r.stream)) record_gap(r.stream, now, now, "the spool is full: records are being dropped");
    return note_drop(r.stream, now);
  }
  if (!drops_.empty()) end_drop(r.stream, now);
  auto kind = r.kind == raw_kind::ws_frame ? spool_kind::ws_frame : spool_kind::rest_response;
  // Never the query: it carries signatures.
  auto endpoint = r.endpoint.substr(0, r.endpoint.find('?'));
  append({kind, r.stream, endpoint, r.account, 0, now, r.status, r.body});
}

void recorder::append(const spool_record_view& record) {
  auto before = spool_->closed().size();
  if (!spool_->append(record)) return note_drop(record.stream, record.received_at);
  ++statistics_.recorded;
  spooled_bytes_ += record.body.size() + record.stream.size() + record.endpoint.size() + record.account.size() + 36;
  unsynced_.insert(before == spool_->closed().size() ? spool_->open_index() : spool_->closed().back().index);
  if (spool_->closed().size() != before) copy_wanted_.notify();
}

void recorder::record_gap(std::string_view stream, wall_time from, wall_time to, std::string_view reason) {
  auto body = encode_gap({from, to, to_plain_text(reason)});
  append({spool_kind::gap, stream, {}, {}, 0, timers_.get_clock().wall_now(), 0, body});
}

void recorder::note_drop(std::string_view stream, wall_time now) {
  ++statistics_.dropped;
  auto [at, first] = drops_.try_emplace(std::string(stream), drop{now, now, 0});
  at->second.to = now;
  ++at->second.count;
  if (first) log.error("raw data is being dropped", {{"stream", stream}, {"spooled_bytes", spooled_bytes_}});
}

void recorder::end_drop(std::string_view stream, wall_time now) {
  auto found = drops_.find(stream);
  if (found == drops_.end()) return;
  auto ended = found->second;
  drops_.erase(found);
  auto reason = "the spool was full: " + std::to_string(ended.count) + " records dropped";
  record_gap(stream, ended.from, now, reason);
  // Refused again: the drop goes on and keeps its beginning.
  if (auto again = drops_.find(stream); again != drops_.end()) {
    again->second.from = ended.from;
    again->second.count += ended.count - 1;
  }
}

void recorder::end_drops() {
  auto open = std::exchange(drops_, {});
  for (const auto& [stream, d] : open)
    record_gap(stream, d.from, d.to, "the spool was full: " + std::to_string(d.count) + " records dropped");
}

recorder::statistics recorder::get_statistics() const {
  auto out = statistics_;
  out.spooled_bytes = spooled_bytes_;
  out.segments = spool_->closed().size() + (spool_->has_open_records() ? 1 : 0);
  return out;
}

task<void> recorder::run() {
  running_ = true;
  spooled_bytes_ = spool_->spooled_bytes();
  scope_.spawn("copy spool", run_copy());
  scope_.spawn("sync spool", run_sync());
  co_await asio::this_coro::throw_if_cancelled(false);
  try {
    co_await stopped_.wait();
  } catch (const std::exception&) {
    // Cancelled from outside without stop(): end in order all the same.
  }
  scope_.stop();
  co_await scope_.join();
  running_ = false;
  drained_.notify();
}

task<void> recorder::stop(nanoseconds limit) {
  end_drops();
  spool_->rotate();
  if (!running_) co_return;
  copy_wanted_.notify();
  auto deadline = timers_.get_clock().now() + limit;
  while (!spool_->closed().empty()) {
    bool more = co_await drained_.wait_until(timers_, deadline);
    if (!more) break;
  }
  stopped_.notify();
  while (running_) co_await drained_.wait();
}

task<void> recorder::run_sync() {
  const auto& clock = timers_.get_clock();
  auto next_disk_check = clock.now();
  for (;;) {
    co_await sleep_for(timers_, config_.sync_interval);
    if (clock.now() >= next_disk_check) {
      co_await check_disk();
      next_disk_check = clock.now() + disk_check_interval;
    }
    std::vector<std::filesystem::path> paths;
    for (auto index : std::exchange(unsynced_, {}))
      if (index != copying_) paths.push_back(spool_->path_of(index));
    if (paths.empty()) continue;
    syncing_ = true;
    auto* files = &files_;
    std::move_only_function<void()> job = [files, paths = std::move(paths)] {
      for (const auto& path : paths) {
        auto file = files->open_append(path);
        auto synced = file ? (*file)->sync() : result<void>(std::unexpected(file.error()));
        if (!synced) log.error("spool cannot be synced", {{"err", synced.error()}});
      }
    };
    auto done = co_await workers_.run_job(std::move(job));
    syncing_ = false;
    sync_done_.notify();
    if (!done) log.warn("spool not synced", {{"err", done.error()}});
  }
}

task<void> recorder::check_disk() {
  auto* files = &files_;
  auto folder = config_.folder;
  std::move_only_function<result<std::uint64_t>()> job = [files, folder] { return files->free_bytes(folder); };
  auto answer = co_await workers_.run(std::move(job));
  if (!answer || !*answer) co_return;
  bool low = **answer < config_.free_disk_floor_bytes;
  if (low && !low_disk_) log.error("the disk of the spool is almost full", {{"free_bytes", **answer}});
  low_disk_ = low;
}

task<void> recorder::run_copy() {
  const auto& clock = timers_.get_clock();
  auto next_partitions = clock.now();
  for (;;) {
    if (spool_->closed().empty()) {
      drained_.notify();
      co_await copy_wanted_.wait_until(timers_, clock.now() + config_.copy_interval);
      if (spool_->closed().empty() && spool_->has_open_records()) spool_->rotate();
    }
    if (spool_->closed().empty()) continue;
    if (clock.now() >= next_partitions) {
      auto prepared_days = co_await store_->prepare_days();
      if (prepared_days) next_partitions = clock.now() + partitions_interval;
    }
    co_await copy_oldest();
  }
}

task<void> recorder::copy_oldest() {
  auto index = spool_->closed().front().index;
  copying_ = index;
  auto content = co_await read_segment(index);
  if (!content || content->unknown_version) {
    // Not ours to delete; it is looked at again at the next start.
    log.error("spool segment cannot be read and is left alone", {{"segment", index}});
    finish_segment();
    co_return;
  }
  for (std::size_t at = 0; at < content->records.size();) {
    auto batch = std::make_shared<std::vector<spool_record>>();
    std::size_t bytes = 0;
    while (at < content->records.size() && batch->size() < batch_records && bytes < batch_bytes) {
      bytes += content->records[at].body.size();
      batch->push_back(std::move(content->records[at++]));
    }
    co_await store_batch(index, std::move(batch));
  }
  failpoint("raw.after_store_before_ack");
  co_await remove_segment(index);
  finish_segment();
}

void recorder::finish_segment() {
  unsynced_.erase(copying_);
  spool_->forget_oldest();
  copying_ = 0;
  spooled_bytes_ = spool_->spooled_bytes();
}

task<std::shared_ptr<segment_content>> recorder::read_segment(std::uint64_t index) {
  auto* files = &files_;
  auto path = spool_->path_of(index);
  auto bad_path = spool_->quarantine_path_of(index);
  for (int attempt = 0; attempt < read_attempts; ++attempt) {
    if (attempt) co_await sleep_for(timers_, config_.retry_floor);
    std::move_only_function<std::shared_ptr<segment_content>()> job =
        [files, path, bad_path]() -> std::shared_ptr<segment_content> {
      constexpr std::size_t read_limit = body_limit + (64u << 20);
      auto bytes = files->read(path, read_limit);
      if (!bytes) return nullptr;
      auto content = std::make_shared<segment_content>(decode_segment(*bytes));
      for (const auto& d : content->damaged) {
        auto file = files->open_append(bad_path);
        if (file) (void)(*file)->append(std::string_view(*bytes).substr(d.offset, d.size));
      }
      return content;
    };
    auto answer = co_await workers_.run(std::move(job));
    if (!answer || !*answer) continue;
    auto content = std::move(*answer);
    for (const auto& d : content->damaged)
      log.error("damaged spool bytes set aside", {{"segment", index}, {"offset", d.offset}, {"bytes", d.size}});
    statistics_.quarantined += content->damaged.size();
    co_return content;
  }
  co_return nullptr;
}

task<void> recorder::store_batch(std::uint64_t index, std::shared_ptr<const std::vector<spool_record>> batch) {
  auto wait = config_.retry_floor;
  bool told = false;
  for (;;) {
    auto stored = co_await store_->store(batch);
    if (stored) {
      if (told) log.info("the database takes raw data again", {{"segments", spool_->closed().size()}});
      statistics_.stored += stored->stored;
      if (!stored->refused.empty()) co_await quarantine(index, *batch, stored->refused);
      co_return;
    }
    if (!std::exchange(told, true))
      log.warn("raw data stays in the spool, the database does not take it", {{"err", stored.error()}});
    co_await sleep_for(timers_, wait);
    wait = std::min(wait * 2, config_.retry_ceiling);
  }
}

task<void> recorder::quarantine(std::uint64_t index, const std::vector<spool_record>& batch,
                                std::vector<std::size_t> refused) {
  std::string bytes;
  for (auto i : refused) {
    const auto& r = batch.at(i);
    log.error("the database refuses a raw record, set aside", {{"stream", r.stream}, {"sequence", r.sequence}});
    encode_record({r.kind, r.stream, r.endpoint, r.account, r.sequence, r.received_at, r.status, r.body}, bytes);
  }
  statistics_.quarantined += refused.size();
  auto* files = &files_;
  auto path = spool_->quarantine_path_of(index);
  std::move_only_function<void()> job = [files, path, bytes = std::move(bytes)] {
    auto file = files->open_append(path);
    if (file) (void)(*file)->append(bytes);
  };
  (void)co_await workers_.run_job(std::move(job));
}

task<void> recorder::remove_segment(std::uint64_t index) {
  // The sync opens files by name: it must not bring this one back.
  while (syncing_) co_await sync_done_.wait();
  auto* files = &files_;
  auto path = spool_->path_of(index);
  auto state_path = spool_->state_path();
  auto state = spool_->make_state();
  std::move_only_function<result<void>()> job = [files, path, state_path, state]() -> result<void> {
    // Sequences first: a removed segment is no longer there to count from.
    auto kept = files->write_atomically(state_path, state);
    if (!kept) return kept;
    return files->remove(path);
  };
  auto done = co_await workers_.run(std::move(job));
  if (!done || !*done) log.warn("spool segment not removed; it is copied again at the next start", {{"segment", index}});
}

std::unique_ptr<raw_recorder> make_discarding_recorder() { return std::make_unique<discarding_recorder>(); }

result<std::unique_ptr<spooling_raw_recorder>> make_raw_recorder(executor ex, timer_queue& timers, file_system& files,
                                                                 database& db, worker_pool& workers,
                                                                 raw_recorder_config config) {
  return make_raw_recorder_on(std::move(ex), timers, files, make_postgres_raw_store(db), workers, std::move(config));
}

result<std::unique_ptr<spooling_raw_recorder>> make_raw_recorder_on(executor ex, timer_queue& timers, file_system& files,
                                                                    std::unique_ptr<raw_store> store,
                                                                    worker_pool& workers, raw_recorder_config config) {
  auto spool = spool_writer::open(files, timers.get_clock(), config.folder, config.segment_limit_bytes);
  if (!spool) return std::unexpected(spool.error());
  return std::make_unique<recorder>(std::move(ex), timers, files, std::move(store), workers, std::move(config),
                                    std::move(*spool));
}

}  // namespace drover::exchanges
