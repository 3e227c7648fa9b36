#include "app/cli/hidden_input.hpp"

#include <fmt/core.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace drover::app {
namespace {

constexpr std::size_t line_limit_bytes = 1024;

}  // namespace

std::optional<secret> read_hidden_line(const char* prompt, const char* option, bool from_stdin) {
  const bool terminal = isatty(STDIN_FILENO) != 0;
  if (!from_stdin && !terminal) {
    fmt::print(stderr, "engine: no terminal to ask for it; pass it with {}\n", option);
    return std::nullopt;
  }
  termios before{};
  if (terminal) {
    fmt::print(stderr, "{}", prompt);
    tcgetattr(STDIN_FILENO, &before);
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &silent);
  }
  std::string line;
  // No growing: that would leave copies behind.
  line.reserve(line_limit_bytes);
  for (int c = std::getchar(); c != EOF && c != '\n' && line.size() < line_limit_bytes; c = std::getchar())
    line.push_back(static_cast<char>(c));
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    fmt::print(stderr, "\n");
  }
  secret read(line);
  wipe_memory(line.data(), line.size());
  return read;
}

}  // namespace drover::app
