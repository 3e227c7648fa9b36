#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/files.hpp"
#include "exchanges/raw/spool_format.hpp"

namespace drover::exchanges {

/// The spool's folder: numbered segments, of which the last is being written, and the streams' sequences.
/// Trading thread only; the paths it names may be read by other threads once their segment is closed.
class spool_writer {
 public:
  struct segment {
    std::uint64_t index = 0;
    std::uint64_t size_bytes = 0;
  };

  /// Takes up what an earlier process left: cuts the torn tail of its last segment, goes on counting where it stopped.
  static result<std::unique_ptr<spool_writer>> open(file_system&, const clock&, std::filesystem::path folder,
                                                    std::uint64_t segment_limit_bytes);

  /// In the kernel when it answers true; false when the disk refused it. Numbers the record either way, so that a lost
  /// one leaves a hole.
  bool append(spool_record_view);
  /// Closes the segment being written, if it holds anything.
  void rotate();

  /// Closed segments, oldest first.
  const std::deque<segment>& closed() const { return closed_; }
  void forget_oldest() { closed_.pop_front(); }
  bool has_open_records() const { return open_size_ > segment_head.size(); }
  steady_time opened_at() const { return opened_at_; }
  std::uint64_t open_index() const { return open_index_; }
  std::uint64_t spooled_bytes() const;

  std::filesystem::path path_of(std::uint64_t index) const;
  std::filesystem::path quarantine_path_of(std::uint64_t index) const;
  std::filesystem::path state_path() const;
  /// The sequences as text, to be written to state_path() before a segment is removed.
  std::string make_state() const;

 private:
  spool_writer(file_system&, const clock&, std::filesystem::path folder, std::uint64_t segment_limit_bytes);
  result<void> recover();
  result<void> recover_segment(std::uint64_t index, bool last, bool count);
  std::uint64_t load_state();
  void raise_sequence(std::string_view stream, std::uint64_t to);
  bool open_segment();
  std::uint64_t next_sequence(std::string_view stream);

  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };

  file_system& files_;
  const clock& clock_;
  std::filesystem::path folder_;
  std::uint64_t segment_limit_;
  std::deque<segment> closed_;
  std::unique_ptr<append_file> file_;
  std::uint64_t open_index_ = 1;
  std::uint64_t open_size_ = 0;
  steady_time opened_at_{};
  /// Last number given, by stream.
  std::unordered_map<std::string, std::uint64_t, text_hash, std::equal_to<>> sequences_;
  std::string buffer_;
};

}  // namespace drover::exchanges
