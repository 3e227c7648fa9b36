#include "tenants/backup/backup_file.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace drover::tenants {
namespace {

class BackupFile : public testing::Test {
protected:
  std::string write(const std::vector<std::string>& lines) {
    std::string file;
    backup_writer out(keys_, random_, "2026-01-02T03:04:05Z", [&file](std::string_view bytes) {
      file.append(bytes);
      return result<void>();
    });
    for (const auto& line : lines) EXPECT_TRUE(out.add(line));
    EXPECT_TRUE(out.finish());
    EXPECT_EQ(out.size_bytes(), file.size());
    return file;
  }
  static result<std::vector<std::string>> read(const std::string& file, const crypto::keyring& keys) {
    std::istringstream in(file);
    auto reader = backup_reader::open(in, keys);
    if (!reader) return std::unexpected(reader.error());
    std::vector<std::string> lines;
    for (;;) {
      auto line = reader->next();
      if (!line) return std::unexpected(line.error());
      if (!*line) return lines;
      lines.push_back(std::move(**line));
    }
  }

  seeded_random random_{23};
  crypto::keyring keys_{crypto::master_key::generate(random_), random_};
  crypto::keyring others_{crypto::master_key::generate(random_), random_};
};

TEST_F(BackupFile, GivesBackItsLines) {
  const std::vector<std::string> lines{"one", "", std::string(200'000, 'x'), "tab\tand \\n", "last"};
  EXPECT_EQ(read(write(lines), keys_).value(), lines);
  EXPECT_TRUE(read(write({}), keys_).value().empty());
  std::vector<std::string> many;
  for (int i = 0; i < 20'000; ++i) many.push_back("row " + std::to_string(i));
  EXPECT_EQ(read(write(many), keys_).value(), many);
}

TEST_F(BackupFile, HoldsNothingInClear) {
  const auto file = write({"a secret line of some length"});
  EXPECT_EQ(file.find("secret"), std::string::npos);
}

TEST_F(BackupFile, AnotherKeyIsNamedAsSuch) {
  const auto opened = read(write({"line"}), others_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, crypto::crypto_errc::key_wrong);
}

TEST_F(BackupFile, EveryCutAndEveryChangedByteIsNoticed) {
  const auto file = write({"first line", "second line"});
  for (std::size_t i = 0; i < file.size(); ++i) {
    EXPECT_FALSE(read(file.substr(0, i), keys_)) << "cut at " << i;
    auto changed = file;
    changed[i] = static_cast<char>(changed[i] ^ 0x11);
    EXPECT_FALSE(read(changed, keys_)) << "changed at " << i;
  }
  EXPECT_FALSE(read(file + "x", keys_));
  EXPECT_FALSE(read(file + file, keys_));
}

TEST_F(BackupFile, ChunksOfAnotherBackupDoNotFit) {
  const auto one = write({"first"}), other = write({"other"});
  const auto body = [](const std::string& file) { return file.find('\n', file.find('\n') + 1) + 1; };
  EXPECT_FALSE(read(one.substr(0, body(one)) + other.substr(body(other)), keys_));
}

TEST_F(BackupFile, WhatIsNoBackupIsCalledSo) {
  for (const auto* text :
       {"", "\n", "hello\n", "drover-backup 2\n{}\n", "drover-backup 1\n{}\n", "drover-backup 1\n[]\n"}) {
    const auto opened = read(text, keys_);
    ASSERT_FALSE(opened) << text;
    EXPECT_EQ(opened.error().code, errc::malformed);
  }
}

}  // namespace
}  // namespace drover::tenants
