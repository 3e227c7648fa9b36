// The way of the recorder's segments from the disk to the database.
#include <algorithm>
#include <utility>

#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "base/planted.hpp"
#include "exchanges/raw/recorder.hpp"

namespace drover::exchanges {

namespace {

const logger log("raw");

constexpr std::size_t batch_records = 10'000;
constexpr std::size_t batch_bytes = 4u << 20;
/// Segments that wait in memory for the database.
constexpr std::size_t loaded_limit = 2;
constexpr nanoseconds days_interval = 1h;
constexpr nanoseconds retention_interval = 24h, retention_retry = 1h;

}  // namespace

/// Small lanes are closed by time, unless something closed still waits: then the database is behind, and larger files do.
void recorder::close_due_segments() {
  const auto now = timers_.get_clock().now();
  for (auto& l : lanes_) {
    const bool waiting = l->spool->closed().size() > l->handed;
    if (!waiting && l->spool->has_open_records() && now - l->spool->opened_at() >= config_.copy_interval) l->spool->rotate();
  }
}

/// In turns; what an earlier version of the program left comes first.
recorder::lane* recorder::find_next_lane() {
  for (auto& l : lanes_)
    if (l->spool->lane().empty() && l->spool->closed().size() > l->handed) return l.get();
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    last_lane_ = (last_lane_ + 1) % lanes_.size();
    auto& l = *lanes_[last_lane_];
    if (l.spool->closed().size() > l.handed) return &l;
  }
  return nullptr;
}

bool recorder::is_drained() const {
  return std::ranges::all_of(lanes_, [](const auto& l) { return l->spool->closed().empty(); });
}

task<void> recorder::run_read() {
  for (;;) {
    close_due_segments();
    auto* l = loaded_.size() < loaded_limit ? find_next_lane() : nullptr;
    if (!l) {
      if (is_drained()) drained_.notify();
      const auto until = timers_.get_clock().now() + config_.copy_interval;
      co_await read_wanted_.wait_until(timers_, until);
      continue;
    }
    const auto index = l->spool->closed()[l->handed++].index;
    auto path = l->spool->path_of(index);
    auto bad_path = l->spool->quarantine_path_of(index);
    auto state_path = l->spool->state_path();
    auto state = l->spool->make_state();
    const bool may_sync = !l->forsaken.contains(index);
    auto content =
        co_await reader_.read(std::move(path), std::move(bad_path), std::move(state_path), std::move(state), may_sync);
    loaded_.push_back({l, index, std::move(content)});
    store_wanted_.notify();
  }
}

task<void> recorder::run_store() {
  for (;;) {
    co_await keep_house();
    if (loaded_.empty()) {
      const auto until = timers_.get_clock().now() + days_interval;
      co_await store_wanted_.wait_until(timers_, until);
      continue;
    }
    auto segment = std::move(loaded_.front());
    loaded_.pop_front();
    read_wanted_.notify();
    co_await store_segment(std::move(segment));
  }
}

/// Partitions ahead, retention behind. Neither may hold up the copying for long, nor fail it.
task<void> recorder::keep_house() {
  const auto& clock = timers_.get_clock();
  if (clock.now() >= next_days_) {
    auto prepared = co_await store_->prepare_days();
    if (prepared) next_days_ = clock.now() + days_interval;
  }
  if (config_.retention_days <= 0 || clock.now() < next_retention_) co_return;
  const auto before = clock.wall_now() - std::chrono::days(config_.retention_days);
  auto dropped = co_await store_->drop_days_before(before);
  next_retention_ = clock.now() + (dropped ? retention_interval : retention_retry);
  if (!dropped)
    log.warn("old raw data could not be dropped; it is tried again", {{"err", dropped.error()}});
  else if (*dropped > 0)
    log.info("old raw data dropped", {{"partitions", *dropped}});
}

task<void> recorder::store_segment(loaded_segment segment) {
  auto* l = segment.of;
  if (!segment.content || segment.content->unknown_version) {
    // Not ours to delete; it is looked at again at the next start.
    ++statistics_.left_alone;
    log.error("spool segment cannot be read and is left alone", {{"lane", l->spool->lane()}, {"segment", segment.index}});
  } else {
    for (const auto& d : segment.content->damaged)
      log.error("damaged spool bytes set aside", {{"segment", segment.index}, {"offset", d.offset}, {"bytes", d.size}});
    statistics_.quarantined += segment.content->damaged.size();
    const bool told = co_await store_records(l, segment.index, segment.content);
    failpoint("raw.after_store_before_ack");
    if (told) co_await remove_segment(l, segment.index);
    ++progress_;
    failpoint("raw.after_ack");
  }
  l->forsaken.erase(segment.index);
  l->spool->forget_oldest();
  --l->handed;
  l->bytes = l->spool->spooled_bytes();
  if (is_drained()) drained_.notify();
}

task<bool> recorder::store_records(lane* l, std::uint64_t index, std::shared_ptr<segment_content> content) {
  auto& records = content->records;
  std::vector<std::shared_ptr<const std::vector<spool_record>>> batches;
  told_gaps told;
  note_holes(*l, records, told);
  for (std::size_t at = 0; at < records.size();) {
    auto batch = std::make_shared<std::vector<spool_record>>();
    std::size_t bytes = 0;
    while (at < records.size() && batch->size() < batch_records && bytes < batch_bytes) {
      bytes += records[at].body.size();
      batch->push_back(std::move(records[at++]));
    }
    batches.push_back(batch);
    failpoint("raw.before_store");
    co_await store_batch(l, index, std::move(batch), told);
  }
  const bool durable = co_await make_durable(told);
  if (!durable) {
    l->untold = true;
    log.error("what is missing of a spool segment could not be noted; it stays until the next start",
              {{"lane", l->spool->lane()}, {"segment", index}});
  }
  for (const auto& batch : batches)
    for (const auto& r : *batch)
      if (!l->untold) l->spool->note_stored(r);
  co_return durable;
}

void recorder::tell_missing(told_gaps& told, const spool_record& of, wall_time from, wall_time to, const std::string& reason) {
  auto* in = write_gap({.stream = of.stream, .from = from, .to = to, .reason = reason});
  if (!in) {
    told.all_written = false;
    return;
  }
  const auto& file = in->spool->last_written();
  if (told.in.empty() || told.in.back().second.file != file.file) told.in.emplace_back(in, file);
}

/// A number that was given but is not in the file is a record that the disk lost (RELIABILITY: nothing is missing silently).
void recorder::note_holes(lane& l, const std::vector<spool_record>& records, told_gaps& told) {
  for (const auto& r : records) {
    auto known = l.stored_to.find(r.stream);
    if (known == l.stored_to.end()) {
      const auto* before = l.spool->find_stream(r.stream);
      const bool counted = before && before->stored_sequence > 0;
      const auto last = counted ? std::pair(before->stored_sequence, before->stored_to) : std::pair(r.sequence, r.received_at);
      known = l.stored_to.emplace(r.stream, last).first;
    }
    auto& [sequence, at] = known->second;
    // The gap of a drop is right behind its numbers and explains them already.
    const auto gap = r.kind == spool_kind::gap && r.account.empty() ? decode_gap(r.body) : std::nullopt;
    if (r.sequence > sequence + 1 && !(gap && gap->from <= at)) {
      const auto lost = r.sequence - sequence - 1;
      log.error("records are missing in the spool", {{"stream", r.stream}, {"count", lost}});
      tell_missing(told, r, at, r.received_at, std::to_string(lost) + " records were lost in the spool");
    }
    if (r.sequence < sequence) continue;
    sequence = r.sequence;
    at = r.received_at;
  }
}

task<void> recorder::store_batch(lane* l, std::uint64_t index, std::shared_ptr<const std::vector<spool_record>> batch,
                                 told_gaps& told) {
  auto wait = config_.retry_floor;
  bool warned = false;
  for (;;) {
    auto stored = co_await store_->store(batch);
    if (stored) {
      if (warned) log.info("the database takes raw data again", {{"spooled_bytes", total_bytes()}});
      statistics_.stored += stored->stored;
      for (std::size_t i = 0; i < batch->size(); ++i)
        if (i + 1 == batch->size() || (*batch)[i + 1].stream != (*batch)[i].stream)
          statistics_.stored_to[(*batch)[i].stream] = (*batch)[i].sequence;
      if (!stored->refused.empty()) co_await quarantine(l, index, batch, std::move(stored->refused), told);
      co_return;
    }
    if (planted("raw_remove_unstored")) co_return;
    if (!std::exchange(warned, true))
      log.warn("raw data stays in the spool, the database does not take it", {{"err", stored.error()}});
    co_await sleep_for(timers_, wait);
    wait = std::min(wait * 2, config_.retry_ceiling);
  }
}

task<void> recorder::quarantine(lane* l, std::uint64_t index, std::shared_ptr<const std::vector<spool_record>> batch,
                                std::vector<std::size_t> refused, told_gaps& told) {
  std::string bytes(segment_head);
  for (auto i : refused) {
    const auto& r = batch->at(i);
    log.error("the database refuses a raw record, set aside", {{"stream", r.stream}, {"sequence", r.sequence}});
    encode_record(view_of(r), bytes);
    if (r.kind == spool_kind::gap || planted("raw_silent_quarantine")) continue;
    tell_missing(told, r, r.received_at, r.received_at, "record " + std::to_string(r.sequence) + " was refused by the database");
  }
  statistics_.quarantined += refused.size();
  auto path = l->spool->quarantine_path_of(index);
  auto kept = co_await reader_.set_aside(std::move(path), std::move(bytes));
  if (!kept) log.error("a refused record could not be set aside", {{"err", kept.error()}});
}

task<bool> recorder::make_durable(told_gaps& told) {
  if (told.in.empty()) co_return told.all_written;
  auto files = std::make_shared<std::vector<std::shared_ptr<append_file>>>();
  for (auto& [of, segment] : told.in) files->push_back(segment.file);
  std::move_only_function<std::vector<std::size_t>()> job = [files] {
    std::vector<std::size_t> failed;
    for (std::size_t i = 0; i < files->size(); ++i)
      if (!(*files)[i]->sync()) failed.push_back(i);
    return failed;
  };
  auto failed = co_await workers_.run(std::move(job));
  if (!failed) co_return false;
  std::vector<std::pair<lane*, std::uint64_t>> forsaken;
  for (const auto i : *failed) forsaken.emplace_back(told.in[i].first, told.in[i].second.index);
  forsake(forsaken);
  co_return told.all_written && failed->empty();
}

task<void> recorder::remove_segment(lane* l, std::uint64_t index) {
  auto path = l->spool->path_of(index);
  auto state_path = l->spool->state_path();
  auto state = l->spool->make_state();
  auto done = co_await reader_.remove(std::move(path), std::move(state_path), std::move(state));
  if (!done) log.warn("spool segment not removed; it is copied again at the next start", {{"segment", index}, {"err", done.error()}});
}

}  // namespace drover::exchanges
