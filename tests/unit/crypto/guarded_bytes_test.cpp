#include "crypto/guarded_bytes.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace drover::crypto {
namespace {

/// What a debugger or a core dump would see of an address of this process.
bool can_be_read_from_outside(const char* address) {
  const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  if (memory < 0) return false;
  char byte = 0;
  const auto got = pread(memory, &byte, 1, static_cast<off_t>(reinterpret_cast<std::uintptr_t>(address)));
  close(memory);
  return got == 1;
}

TEST(GuardedBytes, HoldsWhatItWasGiven) {
  const guarded_bytes key("thirty-two bytes of key material");
  EXPECT_EQ(key.reveal(), "thirty-two bytes of key material");
  EXPECT_TRUE(guarded_bytes().reveal().empty());
  EXPECT_TRUE(guarded_bytes("").reveal().empty());
  const std::string large(10'000, 'x');
  EXPECT_EQ(guarded_bytes(large).reveal(), large);
}

TEST(GuardedBytes, MovesWithoutCopying) {
  guarded_bytes one("first"), other("second");
  const auto* where = one.reveal().data();
  other = std::move(one);
  EXPECT_EQ(other.reveal(), "first");
  EXPECT_EQ(other.reveal().data(), where);
  guarded_bytes third(std::move(other));
  EXPECT_EQ(third.reveal(), "first");
}

/// SEC-09. Ordinary memory is read the same way, so that the test could see a key if there were one.
TEST(GuardedBytes, HiddenMemoryIsNotThereForOthers) {
  const std::string ordinary(64, 'o');
  const guarded_bytes key("thirty-two bytes of key material");
  EXPECT_TRUE(can_be_read_from_outside(ordinary.data()));
  EXPECT_EQ(can_be_read_from_outside(key.reveal().data()), !key.is_hidden());
}

}  // namespace
}  // namespace drover::crypto
