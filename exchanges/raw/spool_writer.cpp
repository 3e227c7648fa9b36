#include "exchanges/raw/spool_writer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/log.hpp"
#include "base/planted.hpp"
#include "exchanges/raw/redaction.hpp"
#include "exchanges/raw/spool_reader.hpp"

namespace drover::exchanges {

namespace {

const logger log("raw");
constexpr std::string_view prefix = "raw", suffix = ".seg", bad_suffix = ".seg.bad", state_name = "sequences";
constexpr std::size_t lane_name_limit = 64;
/// First line, then the index from which on segments are newer, then lines "<sequence> <stored to, ns> <stored sequence> <stream>",
/// each followed by lines "account <stored to, ns> <label> <stream>". Version 2 had neither accounts nor stored sequences, version 1
/// no time.
constexpr std::array<std::string_view, 3> state_heads{"DRVSEQ1\n", "DRVSEQ2\n", "DRVSEQ3\n"};
constexpr std::string_view account_word = "account";
constexpr std::size_t state_limit_bytes = 16 << 20;

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "raw-<number>.seg" of the nameless lane, "raw.<lane>.<number>.seg" of the others.
std::string segment_prefix(std::string_view lane) {
  return lane.empty() ? fmt::format("{}-", prefix) : fmt::format("{}.{}.", prefix, lane);
}

std::optional<std::uint64_t> parse_segment_name(std::string_view name, std::string_view lane) {
  const auto start = segment_prefix(lane);
  if (!name.starts_with(start) || !name.ends_with(suffix) || name.size() <= start.size() + suffix.size()) return std::nullopt;
  return parse_number(name.substr(start.size(), name.size() - start.size() - suffix.size()));
}

/// The lane that a file belongs to.
std::optional<std::string> lane_of_file(std::string_view name) {
  if (name == state_name || parse_segment_name(name, "")) return "";
  if (name.starts_with(state_name) && name.substr(state_name.size()).starts_with('.'))
    return std::string(name.substr(state_name.size() + 1));
  const auto rest = name.starts_with(prefix) ? name.substr(prefix.size()) : std::string_view();
  if (!rest.starts_with('.')) return std::nullopt;
  const std::string lane(rest.substr(1, rest.find('.', 1) - 1));
  if (!parse_segment_name(name, lane)) return std::nullopt;
  return lane;
}

std::string_view take_line(std::string_view& text) {
  auto end = text.find('\n');
  auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::string_view take_word(std::string_view& text) {
  auto end = text.find(' ');
  auto word = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return word;
}

/// Up to when a stream is accounted for with this record.
wall_time heard_to(spool_kind kind, wall_time received_at, std::string_view body) {
  const auto gap = kind == spool_kind::gap ? decode_gap(body) : std::nullopt;
  return gap ? gap->to : received_at;
}

}  // namespace

spool_writer::spool_writer(file_system& files, const clock& c, std::filesystem::path folder, std::string lane, std::uint64_t limit)
    : files_(files), clock_(c), folder_(std::move(folder)), lane_(std::move(lane)), segment_limit_(limit) {}

std::string spool_writer::lane_of(std::string_view stream) {
  std::string lane(stream.substr(0, std::min(stream.find('.'), lane_name_limit)));
  for (char& c : lane) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!plain) c = '_';
  }
  return lane.empty() ? "_" : lane;
}

result<std::vector<std::string>> spool_writer::list_lanes(file_system& files, const std::filesystem::path& folder) {
  auto made = files.make_folders(folder);
  if (!made) return std::unexpected(made.error());
  auto names = files.list(folder);
  if (!names) return std::unexpected(names.error());
  std::set<std::string> lanes;
  for (const auto& name : *names)
    if (auto lane = lane_of_file(name)) lanes.insert(std::move(*lane));
  return std::vector<std::string>(lanes.begin(), lanes.end());
}

void spool_writer::adopt_sequences(const spool_writer& other) {
  for (const auto& [stream, state] : other.streams_)
    if (lane_of(stream) == lane_) raise_sequence(stream, state.sequence, state.last_received);
}

result<std::unique_ptr<spool_writer>> spool_writer::open(file_system& files, const clock& c, std::filesystem::path folder,
                                                         std::string lane, std::uint64_t segment_limit_bytes) {
  std::unique_ptr<spool_writer> out(new spool_writer(files, c, std::move(folder), std::move(lane), segment_limit_bytes));
  auto made = files.make_folders(out->folder_);
  if (!made) return std::unexpected(made.error());
  auto recovered = out->recover();
  if (!recovered) return std::unexpected(recovered.error());
  return out;
}

std::unique_ptr<spool_writer> spool_writer::start(file_system& files, const clock& c, std::filesystem::path folder,
                                                  std::string lane, std::uint64_t segment_limit_bytes) {
  return std::unique_ptr<spool_writer>(new spool_writer(files, c, std::move(folder), std::move(lane), segment_limit_bytes));
}

std::filesystem::path spool_writer::path_with(std::uint64_t index, std::string_view ending) const {
  return folder_ / fmt::format("{}{:020}{}", segment_prefix(lane_), index, ending);
}
std::filesystem::path spool_writer::path_of(std::uint64_t index) const { return path_with(index, suffix); }
std::filesystem::path spool_writer::quarantine_path_of(std::uint64_t index) const { return path_with(index, bad_suffix); }
std::filesystem::path spool_writer::state_path() const {
  return folder_ / (lane_.empty() ? std::string(state_name) : fmt::format("{}.{}", state_name, lane_));
}

result<void> spool_writer::recover() {
  auto names = files_.list(folder_);
  if (!names) return std::unexpected(names.error());
  std::vector<std::uint64_t> indexes;
  for (const auto& name : *names)
    if (auto index = parse_segment_name(name, lane_)) indexes.push_back(*index);
  const auto state = load_state();
  if (!state) return std::unexpected(state.error());
  const auto uncounted_from = *state;
  open_index_ = std::max<std::uint64_t>(uncounted_from, 1);
  for (auto index : indexes) {
    auto done = recover_segment(index, index == indexes.back(), index >= uncounted_from);
    if (!done) return done;
    open_index_ = std::max(open_index_, planted("raw_write_on") ? index : index + 1);
  }
  for (auto& [name, stream] : streams_) stream.own_from = stream.sequence + 1;
  if (!closed_.empty()) log.info("spool taken up", {{"lane", lane_}, {"segments", closed_.size()}, {"bytes", spooled_bytes()}});
  return {};
}

/// The state names the segment from which on records may have been written after it.
result<std::uint64_t> spool_writer::load_state() {
  auto text = files_.read(state_path(), state_limit_bytes);
  if (!text && text.error().code == make_error_code(errc::not_found)) return 0;
  // To begin anew would be to forget what is missing since.
  if (!text) return std::unexpected(text.error());
  const auto head = std::ranges::find_if(state_heads, [&](auto h) { return text->starts_with(h); });
  if (head == state_heads.end()) return 0;
  std::string_view rest = std::string_view(*text).substr(head->size());
  auto from = parse_number(take_line(rest));
  if (!from) return 0;
  while (!rest.empty()) load_stream(take_line(rest), static_cast<int>(head - state_heads.begin()) + 1);
  return *from;
}

void spool_writer::load_stream(std::string_view line, int version) {
  const auto first = take_word(line);
  const bool of_account = first == account_word;
  const auto sequence = of_account ? std::optional<std::uint64_t>(0) : parse_number(first);
  const auto stored_ns = version > 1 ? parse_number(take_word(line)) : std::optional<std::uint64_t>(0);
  const auto third = version > 2 ? take_word(line) : std::string_view("0");
  if (!sequence || !stored_ns || line.empty()) return;
  const wall_time stored{nanoseconds(static_cast<std::int64_t>(*stored_ns))};
  auto& state = streams_[std::string(line)];
  if (of_account) {
    state.accounts[std::string(third)] = {stored, stored, false};
    return;
  }
  raise_sequence(line, *sequence, stored);
  state.stored_to = stored;
  state.stored_sequence = parse_number(third).value_or(0);
}

result<void> spool_writer::recover_segment(std::uint64_t index, bool last, bool count) {
  auto path = path_of(index);
  segment s{index, 0};
  if (last || count) {
    auto bytes = files_.read(path, segment_read_limit);
    if (!bytes) return std::unexpected(bytes.error());
    auto content = decode_segment(*bytes);
    s.size_bytes = bytes->size();
    if (content.torn && last) {
      log.warn("torn tail of the spool cut", {{"segment", index}, {"bytes", bytes->size() - content.good_bytes}});
      auto cut = files_.truncate(path, content.good_bytes);
      if (!cut) return cut;
      s.size_bytes = content.good_bytes;
    }
    if (planted("raw_count_anew")) content.records.clear();
    for (const auto& r : content.records) {
      const auto heard = heard_to(r.kind, r.received_at, r.body);
      raise_sequence(r.stream, r.sequence, heard);
      raise_account(r.stream, r.account, heard);
    }
  } else {
    s.size_bytes = segment_limit_;
  }
  closed_.push_back(s);
  return {};
}

void spool_writer::raise_sequence(std::string_view stream, std::uint64_t to, wall_time received_at) {
  auto& state = streams_[std::string(stream)];
  if (to < state.sequence) return;
  state.sequence = to;
  state.last_received = std::max(state.last_received, received_at);
}

void spool_writer::raise_account(std::string_view stream, std::string_view account, wall_time received_at) {
  if (account.empty() || !stream.ends_with(private_stream_ending)) return;
  auto& accounts = find_or_make_stream(stream).accounts;
  auto found = accounts.find(account);
  if (found == accounts.end()) found = accounts.emplace(std::string(account), account_state{}).first;
  found->second.last_received = std::max(found->second.last_received, received_at);
}

void spool_writer::note_stored(const spool_record& r) {
  auto found = streams_.find(r.stream);
  if (found == streams_.end()) return;
  auto& stream = found->second;
  const auto heard = heard_to(r.kind, r.received_at, r.body);
  stream.stored_to = std::max(stream.stored_to, heard);
  stream.stored_sequence = std::max(stream.stored_sequence, r.sequence);
  const auto account = stream.accounts.find(r.account);
  if (account == stream.accounts.end()) return;
  account->second.stored_to = std::max(account->second.stored_to, heard);
  account->second.current = account->second.current || r.sequence >= stream.own_from;
}

const spool_writer::stream_state* spool_writer::find_stream(std::string_view stream) const {
  auto found = streams_.find(stream.substr(0, name_limit));
  return found == streams_.end() ? nullptr : &found->second;
}

std::string spool_writer::make_state() const {
  std::string out(state_heads.back());
  out += std::to_string(open_index_) + '\n';
  for (const auto& [name, stream] : streams_) out += write_stream(name, stream);
  return out;
}

std::string spool_writer::write_stream(const std::string& name, const stream_state& stream) const {
  const bool early = planted("raw_early_state");
  const auto stored = early ? stream.last_received : stream.stored_to;
  const auto number = early ? stream.sequence : stream.stored_sequence;
  auto out = fmt::format("{} {} {} {}\n", stream.sequence, stored.since_epoch.count(), number, name);
  for (const auto& [label, account] : stream.accounts) {
    const auto to = account.current ? std::max(account.stored_to, stored) : account.stored_to;
    if (to == wall_time{} || label.find_first_of(" \n") != std::string::npos) continue;
    out += fmt::format("{} {} {} {}\n", account_word, to.since_epoch.count(), label, name);
  }
  return out;
}

spool_writer::stream_state& spool_writer::find_or_make_stream(std::string_view stream) {
  auto found = streams_.find(stream);
  if (found != streams_.end()) return found->second;
  // Should the folder be lost while the database is kept, numbers still only go up.
  auto first = std::chrono::duration_cast<std::chrono::microseconds>(clock_.wall_now().since_epoch).count();
  return streams_.emplace(std::string(stream), stream_state{.sequence = static_cast<std::uint64_t>(first) - 1}).first->second;
}

std::vector<spool_writer::unsynced_segment> spool_writer::take_unsynced() { return std::exchange(unsynced_, {}); }

void spool_writer::note_unsynced() {
  if (unsynced_.empty() || unsynced_.back().index != open_index_) unsynced_.push_back({open_index_, sync_file_});
}

bool spool_writer::open_segment() {
  auto made = files_.open_append(path_of(open_index_));
  if (!made) {
    log.error("spool segment cannot be opened", {{"err", made.error()}});
    return false;
  }
  auto second = files_.open_append(path_of(open_index_));
  if (!second) {
    log.error("spool segment cannot be opened", {{"err", second.error()}});
    return false;
  }
  auto begun = (*made)->append(segment_head);
  file_ = std::move(*made);
  sync_file_ = std::move(*second);
  open_size_ = segment_head.size();
  opened_at_ = clock_.now();
  if (begun) return true;
  rotate();
  return false;
}

bool spool_writer::append(spool_record_view record) {
  record.stream = record.stream.substr(0, name_limit);
  auto& state = find_or_make_stream(record.stream);
  record.sequence = ++state.sequence;
  if (record.body.size() > body_limit) return false;
  if (!file_ && !open_segment()) return false;
  buffer_.clear();
  encode_record(record, buffer_);
  auto written = file_->append(buffer_);
  if (!written) {
    log.error("spool cannot be written", {{"err", written.error()}});
    // Part of the record may be there: what follows goes into a new segment.
    rotate();
    return false;
  }
  open_size_ += buffer_.size();
  const auto heard = heard_to(record.kind, record.received_at, record.body);
  if (record.kind != spool_kind::gap || heard > state.last_received) state.idle = false;
  state.last_received = std::max(state.last_received, heard);
  raise_account(record.stream, record.account, heard);
  note_unsynced();
  last_written_ = {open_index_, sync_file_};
  constexpr std::size_t kept_buffer = 1 << 20;
  if (buffer_.capacity() > kept_buffer) std::string().swap(buffer_);
  if (open_size_ >= segment_limit_) rotate();
  return true;
}

void spool_writer::rotate() {
  if (!file_) return;
  closed_.push_back({open_index_, open_size_});
  file_.reset();
  sync_file_.reset();
  open_size_ = 0;
  ++open_index_;
}

std::uint64_t spool_writer::spooled_bytes() const {
  auto sum = open_size_;
  for (const auto& s : closed_) sum += s.size_bytes;
  return sum;
}

}  // namespace drover::exchanges
