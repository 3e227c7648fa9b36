#include "simulation/model_disk.hpp"

#include <gtest/gtest.h>

#include "simulation/history.hpp"

namespace drover::simulation {
namespace {

struct machine {
  machine() : sim(7), judge(sim, past), disk(sim, judge, faults), files(disk.open(life)) {}

  std::string read(const std::string& name) { return files->read(name, 1'000).value_or("none"); }

  history past;
  world sim;
  oracle judge;
  fault_plan faults;
  std::shared_ptr<life_line> life = std::make_shared<life_line>();
  model_disk disk;
  std::unique_ptr<file_system> files;
};

TEST(ModelDisk, KeepsWhatWasSyncedWhenThePowerFails) {
  machine m;
  auto file = m.files->open_append("/spool/a");
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append("safe"));
  ASSERT_TRUE((*file)->sync());
  ASSERT_TRUE((*file)->append(std::string(500, 'x')));
  m.disk.lose_power();
  const auto left = m.read("/spool/a");
  EXPECT_TRUE(left.starts_with("safe"));
  EXPECT_LT(left.size(), 504u);
}

TEST(ModelDisk, AFailedSyncIsNotMadeGoodByALaterOne) {
  machine m;
  auto file = m.files->open_append("/spool/a");
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append(std::string(500, 'x')));
  m.faults.set_rate(fault::disk_error, 1'000'000);
  EXPECT_FALSE((*file)->sync());
  m.faults.remove(fault::disk_error);
  EXPECT_TRUE((*file)->sync());
  m.disk.lose_power();
  EXPECT_LT(m.read("/spool/a").size(), 500u);
}

TEST(ModelDisk, AKilledEngineChangesNothing) {
  machine m;
  auto file = m.files->open_append("/spool/a");
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append("before"));
  m.life->cut = true;
  EXPECT_FALSE((*file)->append("after"));
  EXPECT_FALSE(m.files->remove("/spool/a"));
  EXPECT_EQ(m.disk.open(std::make_shared<life_line>())->read("/spool/a", 100).value_or("none"), "before");
}

TEST(ModelDisk, RefusesWritesThatItErrsOnAndKeepsTheirBeginning) {
  machine m;
  auto file = m.files->open_append("/spool/a");
  ASSERT_TRUE(file);
  m.faults.set_rate(fault::disk_error, 1'000'000);
  EXPECT_FALSE((*file)->append(std::string(100, 'x')));
  m.faults.remove(fault::disk_error);
  EXPECT_LE((*file)->size_bytes(), 100u);
}

}  // namespace
}  // namespace drover::simulation
