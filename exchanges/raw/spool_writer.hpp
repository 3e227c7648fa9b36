#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/files.hpp"
#include "exchanges/raw/spool_format.hpp"

namespace drover::exchanges {

/// One lane of the spool: numbered segments, of which the last is being written, and its streams' sequences. Lanes share a folder;
/// an exchange has one to itself, so that no other's backlog is in its way. The lane without a name is what an earlier version of
/// the program left; nothing is added to it. Trading thread only; the paths it names may be read by other threads once their
/// segment is closed.
class spool_writer {
 public:
  struct segment {
    std::uint64_t index = 0;
    std::uint64_t size_bytes = 0;
  };
  /// A second handle on a segment, opened with it, so that no error of its writing back goes unseen. Worker thread.
  struct unsynced_segment {
    std::uint64_t index = 0;
    std::shared_ptr<append_file> file;
  };
  /// Where one account stands on a private stream.
  struct account_state {
    /// As those of the stream. An account that was heard since the spool was opened stands where its stream does.
    wall_time last_received, stored_to;
    bool current = false;
  };
  /// Where a stream stands.
  struct stream_state {
    /// Last number given.
    std::uint64_t sequence = 0;
    /// Up to when everything is either recorded or noted as a gap.
    wall_time last_received;
    /// Up to when it is in the database: what the disk may forget without a trace.
    wall_time stored_to;
    /// The number that goes with it; 0: not known.
    std::uint64_t stored_sequence = 0;
    /// Of a private stream, the accounts that were ever heard on it.
    std::map<std::string, account_state, std::less<>> accounts;
    /// Numbers from here on were given since the spool was opened.
    std::uint64_t own_from = 0;
    /// Nothing was recorded since the spool was opened: what came before, an earlier process heard.
    bool idle = true;
  };

  /// Takes up what an earlier process left: cuts the torn tail of its last segment, goes on counting where it stopped.
  static result<std::unique_ptr<spool_writer>> open(file_system&, const clock&, std::filesystem::path folder, std::string lane,
                                                    std::uint64_t segment_limit_bytes);
  /// A lane of which there is nothing yet.
  static std::unique_ptr<spool_writer> start(file_system&, const clock&, std::filesystem::path folder, std::string lane,
                                             std::uint64_t segment_limit_bytes);
  /// Lanes of which there is something in the folder, the nameless one first.
  static result<std::vector<std::string>> list_lanes(file_system&, const std::filesystem::path& folder);
  /// The lane of a stream: the name of its exchange as far as it can be part of a file's name.
  static std::string lane_of(std::string_view stream);
  /// Goes on counting where `other` stopped, for streams of this lane.
  void adopt_sequences(const spool_writer& other);
  /// A record of this lane is in the database, and what is missing before it is told by a gap that outlives the power.
  void note_stored(const spool_record&);

  const std::string& lane() const { return lane_; }

  /// Null when nothing of the stream was ever recorded.
  const stream_state* find_stream(std::string_view stream) const;

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
  /// Where the last record went.
  const unsynced_segment& last_written() const { return last_written_; }
  /// Segments written to since the last call.
  std::vector<unsynced_segment> take_unsynced();
  std::uint64_t spooled_bytes() const;

  std::filesystem::path path_of(std::uint64_t index) const;
  std::filesystem::path quarantine_path_of(std::uint64_t index) const;
  std::filesystem::path state_path() const;
  /// The sequences as text, to be written to state_path() before a segment is removed. The times beside them are those of what is
  /// stored (note_stored): a later record may still be lost with the power, and must not be taken for safe then.
  std::string make_state() const;

 private:
  spool_writer(file_system&, const clock&, std::filesystem::path folder, std::string lane, std::uint64_t segment_limit_bytes);
  std::filesystem::path path_with(std::uint64_t index, std::string_view ending) const;
  result<void> recover();
  result<void> recover_segment(std::uint64_t index, bool last, bool count);
  result<std::uint64_t> load_state();
  void load_stream(std::string_view line, int version);
  std::string write_stream(const std::string& name, const stream_state&) const;
  void raise_sequence(std::string_view stream, std::uint64_t to, wall_time received_at);
  void raise_account(std::string_view stream, std::string_view account, wall_time received_at);
  bool open_segment();
  stream_state& find_or_make_stream(std::string_view stream);
  void note_unsynced();

  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };

  file_system& files_;
  const clock& clock_;
  std::filesystem::path folder_;
  std::string lane_;
  std::uint64_t segment_limit_;
  std::deque<segment> closed_;
  std::unique_ptr<append_file> file_;
  std::uint64_t open_index_ = 1;
  std::uint64_t open_size_ = 0;
  steady_time opened_at_{};
  std::shared_ptr<append_file> sync_file_;
  std::vector<unsynced_segment> unsynced_;
  unsynced_segment last_written_;
  std::unordered_map<std::string, stream_state, text_hash, std::equal_to<>> streams_;
  std::string buffer_;
};

}  // namespace drover::exchanges
