#include "exchanges/raw/recorder.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "base/planted.hpp"
#include "exchanges/raw/call_text.hpp"
#include "exchanges/raw/redaction.hpp"

namespace drover::exchanges {

namespace {

const logger log("raw");

constexpr nanoseconds disk_check_interval = 1s;
/// Account data is kept beyond the spool's limit, but not for ever: the disk belongs to the database as well.
constexpr std::uint64_t private_limit_factor = 2;
/// From this share of the spool's limit on, an exchange that has more than its own share of it is dropped first.
constexpr double fair_share_from = 0.75;

/// Reasons hold words of venues and libraries: PostgreSQL takes only text.
std::string to_plain_text(std::string_view text) {
  constexpr std::size_t reason_limit = 300;
  std::string out = redact_line(text.substr(0, reason_limit));
  for (char& c : out)
    if (c < 0x20 || c > 0x7e) c = '?';
  return out;
}

bool is_private(const raw_record& r) { return !r.account.empty() || r.stream.ends_with(private_stream_ending); }

class discarding_recorder final : public raw_recorder {
 public:
  void record(const raw_record&) override {}
  void record_gap(std::string_view, wall_time, wall_time, std::string_view) override {}
};

}  // namespace

recorder::recorder(executor ex, timer_queue& timers, file_system& files, std::unique_ptr<raw_store> store,
                   worker_pool& workers, raw_recorder_config config, lane_list lanes)
    : timers_(timers),
      files_(files),
      store_(std::move(store)),
      workers_(workers),
      config_(std::move(config)),
      reader_(files, workers, timers, config_.retry_floor),
      read_wanted_(ex),
      store_wanted_(ex),
      drained_(ex),
      stopped_(ex),
      scope_(ex, "raw recorder", [this](std::string_view task, std::string_view what) {
        failure_ = std::string(task) + ": " + std::string(what);
        stopped_.notify();
      }) {
  for (auto& spool : lanes) {
    auto made = std::make_unique<lane>();
    made->bytes = spool->spooled_bytes();
    made->spool = std::move(spool);
    lanes_.push_back(std::move(made));
  }
}

recorder::~recorder() = default;

recorder::lane& recorder::find_lane(std::string_view stream) {
  const auto name = spool_writer::lane_of(stream);
  for (auto& l : lanes_)
    if (l->spool->lane() == name) return *l;
  auto made = std::make_unique<lane>();
  made->spool = spool_writer::start(files_, timers_.get_clock(), config_.folder, name, config_.segment_limit_bytes);
  for (auto& l : lanes_)
    if (l->spool->lane().empty()) made->spool->adopt_sequences(*l->spool);
  return *lanes_.emplace_back(std::move(made));
}

std::uint64_t recorder::total_bytes() const {
  std::uint64_t sum = 0;
  for (const auto& l : lanes_) sum += l->bytes;
  return sum;
}

bool recorder::must_drop(const raw_record& r, const lane& l) const {
  const auto total = total_bytes();
  if (is_private(r)) return total >= private_limit_factor * config_.spool_limit_bytes;
  if (low_disk_ || total >= config_.spool_limit_bytes) return true;
  const auto limit = static_cast<double>(config_.spool_limit_bytes);
  const auto share = config_.spool_limit_bytes / std::max<std::size_t>(lanes_.size(), 1);
  return lanes_.size() > 1 && static_cast<double>(total) >= fair_share_from * limit && l.bytes >= share;
}

void recorder::record(const raw_record& r) {
  const auto now = timers_.get_clock().wall_now();
  auto& l = find_lane(r.stream);
  if (must_drop(r, l)) {
    // Said at once as well: the end of the drop may never be reached.
    if (!drops_.contains(r.stream)) record_gap(r.stream, now, now, "the spool is full: records are being dropped");
    return note_drop(r.stream, now, now, 1);
  }
  const bool told = end_drop(r.stream, now) && append_start_gap(l, r.stream, r.account, now);
  if (!told) return note_drop(r.stream, now, now, 1);
  const auto kind = r.kind == raw_kind::ws_frame ? spool_kind::ws_frame : spool_kind::rest_response;
  // Never the query: it carries signatures.
  const auto endpoint = r.endpoint.substr(0, r.endpoint.find('?'));
  const auto body = may_hold_secrets(r) ? redact_body(r.operation, r.body, clean_body_) : r.body;
  append(l, {kind, r.stream, endpoint, r.account, r.operation, r.arguments, 0, now, r.status, body});
}

bool recorder::append_start_gap(lane& l, std::string_view stream, std::string_view account, wall_time now) {
  const auto* known = l.spool->find_stream(stream);
  const bool resumes = known && known->idle && known->last_received != wall_time{};
  const auto note = [&](wall_time from, std::string_view of) {
    const auto body = encode_gap({from, std::max(now, from), "the engine was not running"});
    return append(l, {spool_kind::gap, stream, {}, of, {}, {}, 0, now, 0, body});
  };
  // Whoever is heard of first: answers to every account are missing.
  if (!stream.ends_with(private_stream_ending))
    return !resumes || planted("raw_no_start_gap") || note(known->last_received, planted("raw_gap_of_one") ? account : std::string_view());
  if (resumes) resumed_.try_emplace(std::string(stream), resumed_stream{known->last_received, known->accounts, {}});
  const auto found = resumed_.find(stream);
  if (account.empty() || found == resumed_.end() || found->second.told.contains(account)) return true;
  const auto before = found->second.accounts.find(account);
  const auto from = before == found->second.accounts.end() ? found->second.from : before->second.last_received;
  if (!note(from, account)) return false;
  found->second.told.emplace(account);
  return true;
}

bool recorder::append(lane& l, const spool_record_view& record) {
  failpoint("raw.before_write");
  const auto before = l.spool->closed().size();
  const bool kept = l.spool->append(record);
  failpoint("raw.after_write");
  l.bytes += record_head_size + record.body.size() + record.stream.size() + record.endpoint.size() + record.account.size() +
             record.operation.size() + record.arguments.size();
  if (l.spool->closed().size() != before) read_wanted_.notify();
  if (!kept) {
    const auto gap = record.kind == spool_kind::gap ? decode_gap(record.body) : std::nullopt;
    // It was numbered: the gap begins where the numbers before it end, so that it explains the step (note_holes).
    auto from = gap ? gap->from : record.received_at;
    if (const auto last = l.spool->find_stream(record.stream)->last_received; last != wall_time{}) from = std::min(from, last);
    note_drop(record.stream, from, record.received_at, gap ? 0 : 1);
    return false;
  }
  ++statistics_.recorded;
  if (record.kind == spool_kind::gap) ++statistics_.gaps[std::string(record.stream.substr(0, record.stream.find('.')))];
  return true;
}

void recorder::record_gap(std::string_view stream, wall_time from, wall_time to, std::string_view reason) {
  note_gap({stream, from, to, reason});
}

void recorder::note_gap(const data_gap& gap) { write_gap(gap); }

recorder::lane* recorder::write_gap(const data_gap& gap) {
  const auto now = timers_.get_clock().wall_now();
  auto& l = find_lane(gap.stream);
  const auto refuse = [&] {
    note_drop(gap.stream, gap.from, gap.to, 0);
    return nullptr;
  };
  if (!end_drop(gap.stream, now)) return refuse();
  const auto body = encode_gap({gap.from, gap.to, to_plain_text(gap.reason)});
  const auto details = write_gap_details(gap);
  if (const auto* known = l.spool->find_stream(gap.stream); known && gap.to > known->last_received)
    if (!append_start_gap(l, gap.stream, gap.account, now)) return refuse();
  if (!append(l, {spool_kind::gap, gap.stream, {}, gap.account, gap.channel, details, 0, now, 0, body})) return nullptr;
  return &l;
}

void recorder::note_drop(std::string_view stream, wall_time from, wall_time to, std::uint64_t count) {
  statistics_.dropped += count;
  auto [at, first] = drops_.try_emplace(std::string(stream), drop{from, to, 0});
  at->second.from = std::min(at->second.from, from);
  at->second.to = std::max(at->second.to, to);
  at->second.count += count;
  if (first) log.error("raw data is being dropped", {{"stream", stream}, {"spooled_bytes", total_bytes()}});
}

bool recorder::end_drop(std::string_view stream, wall_time now) {
  auto found = drops_.find(stream);
  if (found == drops_.end()) return true;
  const auto ended = found->second;
  drops_.erase(found);
  if (planted("raw_forget_drop")) return true;
  const auto to = std::max(now, ended.to);
  record_gap(stream, ended.from, to, "the spool was full: " + std::to_string(ended.count) + " records dropped");
  found = drops_.find(stream);
  if (found == drops_.end()) return true;
  found->second.from = std::min(found->second.from, ended.from);
  found->second.count += ended.count;
  return false;
}

void recorder::end_drops() {
  auto open = std::exchange(drops_, {});
  for (const auto& [stream, d] : open)
    record_gap(stream, d.from, d.to, "the spool was full: " + std::to_string(d.count) + " records dropped");
}

recorder::statistics recorder::get_statistics() const {
  auto out = statistics_;
  out.spooled_bytes = total_bytes();
  out.segments = 0;
  for (const auto& l : lanes_) out.segments += l->spool->closed().size() + (l->spool->has_open_records() ? 1 : 0);
  return out;
}

task<void> recorder::run() {
  running_ = true;
  scope_.spawn("read spool", run_read());
  scope_.spawn("store raw records", run_store());
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
  if (!failure_.empty()) throw std::runtime_error(failure_);
}

task<void> recorder::stop(nanoseconds limit) {
  end_drops();
  const auto deadline = timers_.get_clock().now() + limit;
  bool more = true;
  while (more) {
    // Copying may have noted gaps.
    for (auto& l : lanes_) l->spool->rotate();
    if (!running_) co_return;
    if (is_drained()) break;
    read_wanted_.notify();
    more = co_await drained_.wait_until(timers_, deadline);
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
    using failure = std::pair<lane*, std::uint64_t>;
    std::vector<std::pair<failure, std::shared_ptr<append_file>>> due;
    for (auto& l : lanes_)
      for (auto& s : l->spool->take_unsynced()) due.push_back({{l.get(), s.index}, std::move(s.file)});
    if (due.empty()) {
      ++progress_;
      continue;
    }
    std::move_only_function<std::vector<failure>()> job = [due = std::move(due)] {
      std::vector<failure> failed;
      failpoint("raw.sync");
      for (const auto& [which, file] : due) {
        auto synced = file->sync();
        if (synced) continue;
        log.error("spool cannot be synced", {{"segment", which.second}, {"err", synced.error()}});
        failed.push_back(which);
      }
      return failed;
    };
    auto done = co_await workers_.run(std::move(job));
    if (!done) {
      log.warn("spool not synced", {{"err", done.error()}});
      continue;
    }
    ++progress_;
    forsake(*done);
  }
}

/// The kernel may have dropped what it could not write, and would call the next sync a success: nothing more goes into such a
/// file, and it is not synced again. What is still there of it is checked and copied like any other.
void recorder::forsake(const std::vector<std::pair<lane*, std::uint64_t>>& failed) {
  for (const auto& [l, index] : failed) {
    ++statistics_.sync_failures;
    l->forsaken.insert(index);
    if (l->spool->open_index() == index) l->spool->rotate();
  }
  if (!failed.empty()) read_wanted_.notify();
}

task<void> recorder::check_disk() {
  auto* files = &files_;
  auto folder = config_.folder;
  std::move_only_function<result<std::uint64_t>()> job = [files, folder] { return files->free_bytes(folder); };
  auto answer = co_await workers_.run(std::move(job));
  if (!answer || !*answer) co_return;
  const bool low = **answer < config_.free_disk_floor_bytes;
  if (low && !low_disk_) log.error("the disk of the spool is almost full", {{"free_bytes", **answer}});
  low_disk_ = low;
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
  auto names = spool_writer::list_lanes(files, config.folder);
  if (!names) return std::unexpected(names.error());
  recorder::lane_list lanes;
  for (auto& name : *names) {
    auto opened = spool_writer::open(files, timers.get_clock(), config.folder, name, config.segment_limit_bytes);
    if (!opened) return std::unexpected(opened.error());
    if (!lanes.empty() && lanes.front()->lane().empty()) (*opened)->adopt_sequences(*lanes.front());
    lanes.push_back(std::move(*opened));
  }
  return std::make_unique<recorder>(std::move(ex), timers, files, std::move(store), workers, std::move(config),
                                    std::move(lanes));
}

}  // namespace drover::exchanges
