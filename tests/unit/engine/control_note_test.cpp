#include "engine/control/control_note.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "tests/support/coroutines.hpp"
#include "tests/unit/engine/note_disk.hpp"

namespace drover::engine {
namespace {

uuid id_of(std::uint8_t last) {
  uuid id;
  id.bytes[15] = last;
  return id;
}

kill some_kill(std::uint8_t last) {
  kill k{.id = id_of(last),
         .verb = halt_verb::flatten,
         .scope = {halt_scope::kind::exchange, 0, "paper"},
         .owner = user_id(3),
         .by = user_id(9),
         .by_admin = true,
         .through = "signal SIGUSR2",
         .key = "key \"1\"",
         .reason = "line\nbreak, \u20ac",
         .at = {nanoseconds(1'700'000'000'123'456'789)},
         .saved = false,
         .noted = true};
  k.receipt.entries_halted_since = k.at;
  return k;
}

class ControlNote : public ::testing::Test {
protected:
  control_note boot() { return {disk, "/state", worker}; }
  result<void> keep(control_note& note, noted_controls held) { return test::run(io, note.keep(std::move(held))); }

  asio::io_context io;
  test::note_disk disk;
  /// Without threads: where it is asked for.
  worker_pool worker{"notes", 0, 1};
  const noted_controls held{{some_kill(1), some_kill(2)},
                            {{engine_lock::lockdown, true, "drill", user_id(9), {nanoseconds(5)}, false, true}}};
};

TEST_F(ControlNote, TellsTheNextProcessEverythingButReceipts) {
  auto note = boot();
  ASSERT_TRUE(note.recall());
  auto released = some_kill(7);
  released.state = kill_state::released;
  released.released_by = user_id(4);
  released.released_at = wall_time{nanoseconds(77)};
  auto all = held;
  all.kills.push_back(released);
  ASSERT_TRUE(keep(note, all));
  auto told = boot().recall();
  ASSERT_TRUE(told) << told.error().to_string();
  EXPECT_EQ(*told, all);
}

TEST_F(ControlNote, NothingNotedIsNothingHeldAndLeavesNoFile) {
  auto note = boot();
  auto told = note.recall();
  ASSERT_TRUE(told);
  EXPECT_EQ(*told, noted_controls{});
  ASSERT_TRUE(keep(note, {}));
  EXPECT_TRUE(disk.contents().empty());
  ASSERT_TRUE(keep(note, held));
  ASSERT_TRUE(keep(note, {}));
  EXPECT_EQ(*boot().recall(), noted_controls{});
}

TEST_F(ControlNote, IsOnTheDiskWhenItAnswersWhateverHappensToThePower) {
  auto note = boot();
  ASSERT_TRUE(note.recall());
  ASSERT_TRUE(keep(note, held));
  disk.lose_power();
  EXPECT_EQ(*boot().recall(), held);
  // The power goes in the middle: what it said before, or what it was to say.
  disk.cut_next_write();
  EXPECT_FALSE(keep(note, {}));
  disk.lose_power();
  EXPECT_EQ(*boot().recall(), held);
}

TEST_F(ControlNote, AFullDiskIsAnErrorAndLeavesWhatWasNoted) {
  auto note = boot();
  ASSERT_TRUE(note.recall());
  ASSERT_TRUE(keep(note, held));
  disk.fill_up();
  auto more = held;
  more.kills.push_back(some_kill(3));
  EXPECT_FALSE(keep(note, more));
  EXPECT_EQ(*boot().recall(), held);
}

TEST_F(ControlNote, EveryTornOrFlippedFileIsRefusedAndACopyStays) {
  const auto good = to_note(held);
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(parse_note(good.substr(0, size))) << size;
  for (std::size_t i = 0; i < good.size() * 8; ++i) {
    auto bad = good;
    bad[i / 8] = static_cast<char>(bad[i / 8] ^ (1 << (i % 8)));
    EXPECT_FALSE(parse_note(bad)) << "bit " << i;
  }
  disk.put("/state/held_controls", good.substr(0, good.size() / 2));
  auto told = boot().recall();
  ASSERT_FALSE(told);
  EXPECT_NE(told.error().detail.find("held_controls in state_folder is damaged"), std::string::npos);
  EXPECT_EQ(disk.contents().at("/state/held_controls.damaged"), good.substr(0, good.size() / 2));
}

TEST_F(ControlNote, AFileOfAnotherVersionIsRefused) {
  auto other = to_note(held).substr(9);
  other.replace(other.find("\"version\":1"), 11, "\"version\":2");
  char sum[9];
  std::snprintf(sum, sizeof sum, "%08x", crc32c(other));
  auto told = parse_note(std::string(sum) + "\n" + other);
  ASSERT_FALSE(told);
  EXPECT_NE(told.error().detail.find("another version"), std::string::npos);
}

TEST_F(ControlNote, AFileThatCannotBeReadIsNotTakenForNone) {
  auto note = boot();
  ASSERT_TRUE(note.recall());
  ASSERT_TRUE(keep(note, held));
  disk.refuse_reads();
  EXPECT_FALSE(boot().recall());
}

TEST_F(ControlNote, AsManyKillsAsItTakesFit) {
  noted_controls most;
  auto large = some_kill(1);
  large.reason = std::string(500, '\x01');
  large.key = std::string(64, '"');
  most.kills.assign(control_note::kill_limit, large);
  EXPECT_LT(to_note(most).size(), control_note::size_limit_bytes);
}

}  // namespace
}  // namespace drover::engine
