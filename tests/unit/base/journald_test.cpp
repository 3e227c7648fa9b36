#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/log.hpp"
#include "base/secret.hpp"

namespace drover {
namespace {

/// libsystemd knows one address only, so the test makes a /run of its own, which nobody else sees, and listens there.
int listen_as_journald() {
  const int flags = CLONE_NEWNS | (geteuid() == 0 ? 0 : CLONE_NEWUSER);
  const bool mounted = unshare(flags) == 0 && mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                       mount("none", "/run", "tmpfs", 0, nullptr) == 0;
  if (!mounted) return -1;
  mkdir("/run/systemd", 0755);
  mkdir("/run/systemd/journal", 0755);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, "/run/systemd/journal/socket");
  const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  return bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? fd : -1;
}

[[noreturn]] void log_and_print_what_arrives() {
  const int fd = listen_as_journald();
  if (fd < 0) {
    std::perror("no journal socket");
    std::exit(1);
  }
  configure_logging({.level = log_level::info, .format = log_format::journald});
  const logger log("orders");
  log.debug("below the level");
  log.warn("a request\nwas refused", {{"user", 7}, {"api_key", secret("a canary")}, {"err", "no\x1bgo"}});
  char datagram[4096];
  const auto length = recv(fd, datagram, sizeof datagram, MSG_DONTWAIT);
  std::fwrite(datagram, 1, length > 0 ? static_cast<std::size_t>(length) : 0, stderr);
  std::exit(length > 0 && recv(fd, datagram, sizeof datagram, MSG_DONTWAIT) < 0 ? 0 : 2);
}

TEST(JournaldDeathTest, GetsOneEntryWithFieldsOfItsOwn) {
  EXPECT_EXIT(log_and_print_what_arrives(), testing::ExitedWithCode(0), R"(MESSAGE=orders a request\\nwas refused)");
  EXPECT_EXIT(log_and_print_what_arrives(), testing::ExitedWithCode(0), "PRIORITY=4\n");
  EXPECT_EXIT(log_and_print_what_arrives(), testing::ExitedWithCode(0), "ENGINE_LOGGER=orders\n");
  EXPECT_EXIT(log_and_print_what_arrives(), testing::ExitedWithCode(0), "ENGINE_USER=7\n");
  EXPECT_EXIT(log_and_print_what_arrives(), testing::ExitedWithCode(0), R"(ENGINE_API_KEY=\*\*\*)");
  EXPECT_EXIT(log_and_print_what_arrives(), testing::ExitedWithCode(0), R"(ENGINE_ERR=no\\u001bgo)");
}

}  // namespace
}  // namespace drover
