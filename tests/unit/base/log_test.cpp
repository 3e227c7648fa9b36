#include "base/log.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace drover {
namespace {

/// What `write` puts on standard error in that format, from a process of its own (the logger is one per process).
std::string printed(log_format format, void (*write)()) {
  int ends[2];
  if (pipe(ends) != 0) return {};
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    configure_logging({.level = log_level::info, .format = format});
    write();
    _exit(0);
  }
  close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = read(ends[0], buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(got));
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return text;
}

void write_hostile_lines() {
  const logger log("test");
  log.warn("first\nsecond \xff\xc0\x80 \"x\" \xc2\x9b", {{"text", "a\x1b[31m\r\"b\""}, {"user", 7}, {"cut", "\xe2\x82"}});
  log.debug("too fine");
}

TEST(Log, OneCallIsOneLineAndSecretsAreStars) {
  const log_capture lines;
  const logger log("test");
  log.info("first\nsecond", {{"user", 7}, {"text", "a\x1b[31m b"}, {"key", secret("hunter2")}});
  const std::string text = lines.text();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_NE(text.find("user=7"), std::string::npos);
  EXPECT_NE(text.find("key=***"), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find("hunter2"), std::string::npos);
}

TEST(Log, JsonLinesAreValidWhateverTheTextHolds) {
  const auto text = printed(log_format::json, write_hostile_lines);
  ASSERT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  const auto line = nlohmann::json::parse(text);
  EXPECT_EQ(line["level"], "warn");
  EXPECT_EQ(line["logger"], "test");
  EXPECT_EQ(line["msg"], "first\nsecond \uFFFD\uFFFD\uFFFD \"x\" \u009b");
  EXPECT_EQ(line["text"], "a\x1b[31m\r\"b\"");
  EXPECT_EQ(line["user"], "7");
  EXPECT_EQ(line["cut"], "\uFFFD\uFFFD");
  EXPECT_TRUE(line["ts"].get<std::string>().ends_with("Z"));
}

TEST(Log, HumanLinesHideControlCharactersFromTheTerminal) {
  const auto text = printed(log_format::human, write_hostile_lines);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos);
  EXPECT_NE(text.find("warning test first\\nsecond"), std::string::npos) << text;
  EXPECT_NE(text.find(R"(text="a\u001b[31m\u000d\"b\"")"), std::string::npos) << text;
}

TEST(Log, KeepsTextInOtherAlphabets) {
  const log_capture lines;
  logger("test").info("größer €", {{"name", "Ærøskøbing"}});
  EXPECT_EQ(lines.text(), "info test größer € name=\"Ærøskøbing\"\n");
}

}  // namespace
}  // namespace drover
