#include "app/cli/gpg.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

#include "base/descriptor.hpp"

extern char** environ;

namespace drover::app {
namespace {

std::unexpected<error> broken(int number, std::string what) {
  return fail(errc::io, std::move(what) + ": " + std::system_category().message(number));
}

struct pipe_pair {
  descriptor read_end, write_end;
};

/// Invalid ends when there is none.
pipe_pair make_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) ends = {-1, -1};
  return {descriptor(ends[0]), descriptor(ends[1])};
}

/// A passphrase fits into a pipe: the write cannot wait.
bool write_line(int end, const secret& line) {
  const auto text = line.reveal();
  return write(end, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && write(end, "\n", 1) == 1;
}

result<secret> read_all(int end, std::size_t limit_bytes) {
  auto buffer = secret::of_size(limit_bytes + 1);
  auto room = buffer.mutable_bytes();
  std::size_t size = 0;
  while (size < room.size()) {
    const auto got = read(end, room.data() + size, room.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return broken(errno, "the answer of gpg cannot be read");
    if (got == 0) return secret(buffer.reveal().substr(0, size));
    size += static_cast<std::size_t>(got);
  }
  return fail(errc::out_of_range, "what the file holds is larger than " + std::to_string(limit_bytes) + " bytes");
}

/// Answers an error number. `argv` ends with a null pointer.
int start(pid_t& child, const char* const* argv, int input, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  const int failure = posix_spawnp(&child, argv[0], &actions, nullptr, const_cast<char* const*>(argv), environ);
  posix_spawn_file_actions_destroy(&actions);
  return failure;
}

}  // namespace

result<secret> open_gpg_file(const std::filesystem::path& file, const secret& passphrase, std::size_t limit_bytes) {
  auto input = make_pipe(), output = make_pipe();
  if (!input.write_end.valid() || !output.write_end.valid()) return broken(errno, "no pipe to gpg");
  const auto path = std::filesystem::absolute(file).string();
  const std::array<const char*, 11> argv{"gpg",      "--batch",         "--quiet", "--no-options", "--pinentry-mode",
                                         "loopback", "--passphrase-fd", "0",       "--decrypt",    path.c_str(),
                                         nullptr};
  pid_t child = 0;
  const int failure = start(child, argv.data(), input.read_end.get(), output.write_end.get());
  if (failure == ENOENT) return fail(errc::not_found, "the program gpg is not here; install the package gpg");
  if (failure != 0) return broken(failure, "gpg cannot be started");
  input.read_end.reset();
  output.write_end.reset();
  const bool told = write_line(input.write_end.get(), passphrase);
  input.write_end.reset();
  auto text = read_all(output.read_end.get(), limit_bytes);
  output.read_end.reset();
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!told || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return fail(errc::io, "gpg cannot open " + file.string());
  return text;
}

}  // namespace drover::app
