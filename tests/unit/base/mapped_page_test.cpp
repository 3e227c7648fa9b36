#include "base/mapped_page.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/random.hpp"

namespace drover {
namespace {

constexpr std::size_t size_bytes = 4096;

class MappedPage : public ::testing::Test {
protected:
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / ("drover-page-" + system_random().hex(6));
  std::filesystem::path file_ = folder_ / "state" / "page";
};

TEST_F(MappedPage, BeginsWithZerosThatNobodyElseMayRead) {
  auto page = mapped_page::open(file_, size_bytes);
  ASSERT_TRUE(page) << page.error().to_string();
  EXPECT_TRUE(std::ranges::all_of(page->bytes(), [](std::byte b) { return b == std::byte{}; }));
  struct stat seen {};
  ASSERT_EQ(stat(file_.c_str(), &seen), 0);
  EXPECT_EQ(seen.st_mode & 0777u, 0600u);
  EXPECT_GE(seen.st_blocks * 512, static_cast<long>(size_bytes)) << "its blocks are taken at once";
}

TEST_F(MappedPage, KeepsWhatAKilledProcessStored) {
  const auto child = fork();
  if (child == 0) {
    auto page = mapped_page::open(file_, size_bytes);
    page->bytes()[17] = std::byte{42};
    raise(SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(mapped_page::open(file_, size_bytes).value().bytes()[17], std::byte{42});
}

TEST_F(MappedPage, IsRefusedToASecondEngine) {
  auto first = mapped_page::open(file_, size_bytes);
  ASSERT_TRUE(first);
  const auto second = mapped_page::open(file_, size_bytes);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().detail.find("another engine"), std::string::npos);
}

TEST_F(MappedPage, SaysWhichFileCannotBeUsed) {
  const auto refused = mapped_page::open("/proc/nothing/page", size_bytes);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("/proc/nothing"), std::string::npos) << refused.error().detail;
}

}  // namespace
}  // namespace drover
