#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.hpp"
#include "base/offload.hpp"
#include "base/task.hpp"
#include "engine/control/control.hpp"

namespace drover::engine {

/// Locks and kills whose last change the database does not have. Receipts are not kept: what a kill asks for is
/// measured anew.
struct noted_controls {
  std::vector<kill> kills;
  std::vector<lock_state> locks;
  friend bool operator==(const noted_controls&, const noted_controls&) = default;
};

/// One line of checksum and one of JSON.
std::string to_note(const noted_controls&);
/// errc::malformed when a byte is not what was written, also for a format that this version does not know.
result<noted_controls> parse_note(std::string_view);

/// What the database does not have yet, in a small file, so that a lock or a kill outlives a process that dies while
/// the database is away. The file is replaced whole or not at all. It holds ids, verbs and reasons; no key, no token.
class control_note {
public:
  /// Kills that fit beside the locks; users' own take no more than half of it, so that an administrator's always fit.
  static constexpr std::size_t kill_limit = 2'000;
  static constexpr std::size_t size_limit_bytes = 16 * 1024 * 1024;
  static constexpr std::string_view file_name = "held_controls", damaged_name = "held_controls.damaged";

  /// `worker` does what blocks.
  control_note(file_system&, std::filesystem::path folder, worker_pool& worker);

  /// What the process before left; nothing where it left nothing. Blocking. An error says that there may have been
  /// something: the file cannot be read, or is damaged (then a copy of it stays beside it).
  result<noted_controls> recall();
  /// On the disk when it answers; the file says what it said before when it answers an error. One at a time.
  task<result<void>> keep(noted_controls);

private:
  result<void> write(const noted_controls&);

  file_system& files_;
  std::filesystem::path folder_, path_;
  worker_pool& worker_;
  /// Nothing is noted, so nothing needs to be taken back.
  bool is_empty_ = true;
};

}  // namespace drover::engine
