#include "base/files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.hpp"

namespace drover {
namespace {

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("drover-files-" + system_random().hex(6));
    ASSERT_TRUE(files_.make_folders(folder_));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static unsigned mode_of(const std::filesystem::path& path) {
    struct stat info {};
    return stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
  }

  file_system& files_ = system_files();
  std::filesystem::path folder_;
};

TEST_F(Files, AreReplacedWholeAndArePrivate) {
  const auto path = folder_ / "state";
  ASSERT_TRUE(files_.write_atomically(path, "one"));
  ASSERT_TRUE(files_.write_atomically(path, "two"));
  EXPECT_EQ(files_.read(path, 100).value(), "two");
  EXPECT_EQ(mode_of(path), 0600u);
  EXPECT_EQ(files_.list(folder_).value(), (std::vector<std::string>{"state"}));
}

TEST_F(Files, AFailedReplacementLeavesTheOldFileAndNothingElse) {
  const auto path = folder_ / "state";
  ASSERT_TRUE(files_.make_folders(path));
  EXPECT_FALSE(files_.write_atomically(path, "two"));
  EXPECT_TRUE(std::filesystem::is_directory(path));
  EXPECT_TRUE(files_.list(folder_).value().empty());
}

TEST_F(Files, AppendAtTheEnd) {
  const auto path = folder_ / "log";
  {
    auto log = files_.open_append(path).value();
    ASSERT_TRUE(log->append("abc"));
    ASSERT_TRUE(log->sync());
    EXPECT_EQ(log->size_bytes(), 3u);
  }
  auto again = files_.open_append(path).value();
  EXPECT_EQ(again->size_bytes(), 3u);
  ASSERT_TRUE(again->append("de"));
  EXPECT_EQ(files_.read(path, 100).value(), "abcde");
  EXPECT_EQ(mode_of(path), 0600u);
  ASSERT_TRUE(files_.truncate(path, 4));
  EXPECT_EQ(files_.read(path, 100).value(), "abcd");
}

TEST_F(Files, NewOnesDoNotFollowLinks) {
  ASSERT_EQ(symlink((folder_ / "target").c_str(), (folder_ / "link").c_str()), 0);
  EXPECT_FALSE(files_.open_append(folder_ / "link"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "target"));
}

TEST_F(Files, ReadUpToTheLimitAndNoFurther) {
  ASSERT_TRUE(files_.write_atomically(folder_ / "five", "12345"));
  EXPECT_EQ(files_.read(folder_ / "five", 5).value(), "12345");
  EXPECT_EQ(files_.read(folder_ / "five", 4).error().code, errc::out_of_range);
  EXPECT_EQ(files_.read(folder_ / "missing", 5).error().code, errc::not_found);
  EXPECT_FALSE(files_.read(folder_, 5));
}

TEST_F(Files, ReadFilesThatTellNoSize) {
  EXPECT_FALSE(files_.read("/proc/self/status", 1'000'000).value().empty());
  EXPECT_EQ(files_.read("/proc/self/status", 10).error().code, errc::out_of_range);
}

TEST_F(Files, FoldersArePrivateAllTheWay) {
  ASSERT_TRUE(files_.make_folders(folder_ / "a" / "b" / ""));
  EXPECT_EQ(mode_of(folder_ / "a"), 0700u);
  EXPECT_EQ(mode_of(folder_ / "a" / "b"), 0700u);
  EXPECT_TRUE(files_.make_folders(folder_ / "a"));
  ASSERT_TRUE(files_.write_atomically(folder_ / "file", ""));
  EXPECT_FALSE(files_.make_folders(folder_ / "file"));
  EXPECT_FALSE(files_.make_folders(folder_ / "file" / "below"));
}

TEST_F(Files, SecretsOthersMayReadAreRefusedWithTheRemedy) {
  const auto path = folder_ / "key";
  ASSERT_TRUE(files_.write_atomically(path, "hunter2\r\n"));
  EXPECT_EQ(read_secret_file(path).value().reveal(), "hunter2");
  for (const mode_t mode : {0640, 0604, 0620}) {
    chmod(path.c_str(), mode);
    const auto refused = read_secret_file(path);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().detail.find("chmod 0600 " + path.string()), std::string::npos);
    EXPECT_EQ(refused.error().to_string().find("hunter2"), std::string::npos);
  }
}

}  // namespace
}  // namespace drover
