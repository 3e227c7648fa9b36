#include "exchanges/raw/spool_writer.hpp"

#include <charconv>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/log.hpp"

namespace drover::exchanges {

namespace {

const logger log("raw");
constexpr std::string_view prefix = "raw-", suffix = ".seg";
constexpr std::string_view state_head = "DRVSEQ1\n";
constexpr std::size_t state_limit_bytes = 1 << 20;
/// A segment holds at least one record however large, so it may pass its limit by one body.
constexpr std::size_t segment_read_limit = body_limit + (64u << 20);

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> parse_segment_name(std::string_view name) {
  if (!name.starts_with(prefix) || !name.ends_with(suffix)) return std::nullopt;
  return parse_number(name.substr(prefix.size(), name.size() - prefix.size() - suffix.size()));
}

std::string_view take_line(std::string_view& text) {
  auto end = text.find('\n');
  auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

}  // namespace

spool_writer::spool_writer(file_system& files, const clock& c, std::filesystem::path folder, std::uint64_t limit)
    : files_(files), clock_(c), folder_(std::move(folder)), segment_limit_(limit) {}

result<std::unique_ptr<spool_writer>> spool_writer::open(file_system& files, const clock& c, std::filesystem::path folder,
                                                         std::uint64_t segment_limit_bytes) {
  std::unique_ptr<spool_writer> out(new spool_writer(files, c, std::move(folder), segment_limit_bytes));
  auto made = files.make_folders(out->folder_);
  if (!made) return std::unexpected(made.error());
  auto recovered = out->recover();
  if (!recovered) return std::unexpected(recovered.error());
  return out;
}

std::filesystem::path spool_writer::path_of(std::uint64_t index) const {
  return folder_ / fmt::format("{}{:020}{}", prefix, index, suffix);
}
std::filesystem::path spool_writer::quarantine_path_of(std::uint64_t index) const {
  return folder_ / fmt::format("{}{:020}{}.bad", prefix, index, suffix);
}
std::filesystem::path spool_writer::state_path() const { return folder_ / "sequences"; }

result<void> spool_writer::recover() {
  auto names = files_.list(folder_);
  if (!names) return std::unexpected(names.error());
  std::vector<std::uint64_t> indexes;
  for (const auto& name : *names)
    if (auto index = parse_segment_name(name)) indexes.push_back(*index);
  const auto uncounted_from = load_state();
  open_index_ = std::max<std::uint64_t>(uncounted_from, 1);
  for (auto index : indexes) {
    auto done = recover_segment(index, index == indexes.back(), index >= uncounted_from);
    if (!done) return done;
    open_index_ = std::max(open_index_, index + 1);
  }
  if (!closed_.empty()) log.info("spool taken up", {{"segments", closed_.size()}, {"bytes", spooled_bytes()}});
  return {};
}

/// The state names the segment from which on records may have been written after it.
std::uint64_t spool_writer::load_state() {
  auto text = files_.read(state_path(), state_limit_bytes);
  if (!text || !text->starts_with(state_head)) return 0;
  std::string_view rest = std::string_view(*text).substr(state_head.size());
  auto from = parse_number(take_line(rest));
  if (!from) return 0;
  while (!rest.empty()) {
    auto line = take_line(rest);
    auto space = line.find(' ');
    if (space == std::string_view::npos) continue;
    if (auto sequence = parse_number(line.substr(0, space))) raise_sequence(line.substr(space + 1), *sequence);
  }
  return *from;
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
    for (const auto& r : content.records) raise_sequence(r.stream, r.sequence);
  } else {
    s.size_bytes = segment_limit_;
  }
  closed_.push_back(s);
  return {};
}

void spool_writer::raise_sequence(std::string_view stream, std::uint64_t to) {
  auto& last = sequences_[std::string(stream)];
  last = std::max(last, to);
}

std::string spool_writer::make_state() const {
  std::string out(state_head);
  out += std::to_string(open_index_) + '\n';
  for (const auto& [stream, sequence] : sequences_) out += std::to_string(sequence) + ' ' + stream + '\n';
  return out;
}

std::uint64_t spool_writer::next_sequence(std::string_view stream) {
  auto found = sequences_.find(stream);
  if (found != sequences_.end()) return ++found->second;
  // Should the folder be lost while the database is kept, numbers still only go up.
  auto first = std::chrono::duration_cast<std::chrono::microseconds>(clock_.wall_now().since_epoch).count();
  return sequences_.emplace(std::string(stream), static_cast<std::uint64_t>(first)).first->second;
}

bool spool_writer::open_segment() {
  auto made = files_.open_append(path_of(open_index_));
  if (!made) {
    log.error("spool segment cannot be opened", {{"err", made.error()}});
    return false;
  }
  auto begun = (*made)->append(segment_head);
  file_ = std::move(*made);
  open_size_ = segment_head.size();
  opened_at_ = clock_.now();
  if (begun) return true;
  rotate();
  return false;
}

bool spool_writer::append(spool_record_view record) {
  record.sequence = next_sequence(record.stream);
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
  constexpr std::size_t kept_buffer = 1 << 20;
  if (buffer_.capacity() > kept_buffer) std::string().swap(buffer_);
  if (open_size_ >= segment_limit_) rotate();
  return true;
}

void spool_writer::rotate() {
  if (!file_) return;
  closed_.push_back({open_index_, open_size_});
  file_.reset();
  open_size_ = 0;
  ++open_index_;
}

std::uint64_t spool_writer::spooled_bytes() const {
  auto sum = open_size_;
  for (const auto& s : closed_) sum += s.size_bytes;
  return sum;
}

}  // namespace drover::exchanges
