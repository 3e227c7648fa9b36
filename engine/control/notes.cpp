// What outlives the process although the database does not have it: noted on the disk, recalled at the next start, and
// matched with the rows when the database is there.
#include <algorithm>
#include <utility>

#include "base/backoff.hpp"
#include "base/log.hpp"
#include "engine/control/trading_control.hpp"
#include "tenants/errors.hpp"

namespace drover::engine {
namespace {

using tenants::tenant_errc;

const logger& log() {
  static const logger instance("control");
  return instance;
}

constexpr milliseconds keep_floor{200}, keep_ceiling{10'000};

}  // namespace

void trading_control::recall(result<noted_controls> held) {
  if (!held) {
    log().error("what was locked or killed while the database was away cannot be read; trading is locked",
                {{"err", held.error()}});
    const auto reason = "It is not known what was locked or killed while the database was away (" +
                        held.error().detail + "). Look, then unlock trading.";
    held = noted_controls{{},
                          {{.name = engine_lock::trading,
                            .locked = true,
                            .reason = reason,
                            .by = {},
                            .at = parts_.wall.wall_now(),
                            .saved = false}}};
  }
  for (const auto& state : held->locks) {
    put_in_force(state);
    (void)write([this, name = state.name] { return store_recalled(name); });
  }
  for (auto& k : held->kills) {
    const auto id = k.id;
    (void)write([this, id] { return add_row(id); });
    if (k.state == kill_state::released)
      (void)write(
          [this, id, by = k.released_by, at = k.released_at.value_or(k.at)] { return release_row(id, by, at); });
    else
      hold(k, k.verb);
    kills_.insert_or_assign(id, held_kill{std::move(k)});
  }
  refresh_flags();
  if (!unsaved_.empty())
    log().warn("locks and kills that the database does not have are in force again",
               {{"locks", held->locks.size()}, {"kills", held->kills.size()}});
}

/// A row that is newer than the note wins, but for one case: whoever noted a lock gets it. The wall clock may have been
/// set back since, and a lock too many is seen and lifted.
void trading_control::merge(const std::vector<lock_state>& rows) {
  for (const auto& row : rows) {
    const auto& held = locks_[row.name];
    const bool keep = !held.saved && (held.locked || held.at >= row.at);
    if (!keep) put_in_force(row);
  }
}

task<result<std::vector<kill>>> trading_control::load_rows_of_recalled() {
  std::vector<uuid> ids;
  for (const auto& [id, held] : kills_)
    if (!held.facts.saved) ids.push_back(id);
  std::vector<engine::kill> out;
  for (const auto& id : ids) {
    auto row = co_await parts_.store.get_kill(id);
    if (row)
      out.push_back(std::move(*row));
    else if (row.error().code != tenant_errc::not_found)
      co_return std::unexpected(row.error());
  }
  co_return out;
}

void trading_control::merge(const std::vector<engine::kill>& active,
                            const std::vector<engine::kill>& rows_of_recalled) {
  for (const auto& k : active) {
    // A release that the row does not know yet.
    if (find(k.id) != nullptr && find(k.id)->facts.state == kill_state::released) continue;
    hold(k, k.verb);
    kills_.insert_or_assign(k.id, held_kill{k});
  }
  for (const auto& row : rows_of_recalled) {
    if (row.state != kill_state::released) continue;
    let_go(row);
    kills_.insert_or_assign(row.id, held_kill{row});
  }
}

/// Locks first, then administrators' kills, then users'.
noted_controls trading_control::unsaved() const {
  noted_controls out;
  for (const auto& [name, state] : locks_)
    if (!state.saved) out.locks.push_back(state);
  std::size_t users = 0;
  for (const bool by_admin : {true, false}) {
    for (const auto& [id, held] : kills_) {
      if (held.facts.saved || held.facts.by_admin != by_admin || out.kills.size() >= control_note::kill_limit) continue;
      if (!by_admin && ++users > control_note::kill_limit / 2) continue;
      out.kills.push_back(held.facts);
      out.kills.back().receipt = {};
    }
  }
  return out;
}

/// Asks for a note of what holds now, and answers its number.
std::uint64_t trading_control::note() {
  if (parts_.note == nullptr) return 0;
  ++wanted_note_;
  if (!std::exchange(is_noting_, true)) scope_.spawn("note controls", run_notes());
  return wanted_note_;
}

task<void> trading_control::run_notes() {
  backoff wait(keep_floor, keep_ceiling);
  while (kept_note_ < wanted_note_) {
    const auto number = wanted_note_;
    const auto held = unsaved();
    auto copy = held;
    auto kept = co_await parts_.note->keep(std::move(copy));
    tried_note_ = number;
    if (kept) {
      kept_note_ = number;
      mark_noted(held);
      wait.reset();
    }
    announce();
    if (kept) continue;
    if (wait.attempts() == 0)
      log().error(
          "locks and kills cannot be noted on the disk: those that the database does not have end with the process",
          {{"err", kept.error()}});
    const auto pause = wait.next(parts_.random);
    co_await sleep_for(parts_.timers, pause);
  }
  is_noting_ = false;
}

/// Unless it changed while it was written; then the next note has it.
void trading_control::mark_noted(const noted_controls& held) {
  for (const auto& state : held.locks) {
    auto& now_held = locks_[state.name];
    if (now_held.locked == state.locked && now_held.at == state.at) now_held.noted = true;
  }
  for (const auto& k : held.kills) {
    auto* now_held = find(k.id);
    const bool released = k.state == kill_state::released;
    if (now_held != nullptr && (now_held->facts.state == kill_state::released) == released)
      now_held->facts.noted = true;
  }
}

task<void> trading_control::wait_until_noted(std::uint64_t number) {
  if (parts_.note != nullptr) co_await wait_for([this, number] { return tried_note_ >= number; }, note_patience);
}

}  // namespace drover::engine
