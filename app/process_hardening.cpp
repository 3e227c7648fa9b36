#include "app/process_hardening.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include <cstdint>

#include "base/log.hpp"

namespace drover::app {

void harden_process() {
  const logger log("app");
  const rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) log.warn("core dumps could not be turned off");
  rlimit descriptors{};
  if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
    descriptors.rlim_cur = descriptors.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &descriptors) != 0) log.info("the limit of open files stays as it is");
  }
  if (prctl(PR_SET_DUMPABLE, 0) != 0) log.warn("memory could not be closed to other processes");
}

void notify_supervisor(const char* state) {
  sd_notify(0, state);
}

int watchdog_interval_ms() {
  std::uint64_t limit_us = 0;
  if (sd_watchdog_enabled(0, &limit_us) <= 0) return 0;
  return static_cast<int>(limit_us / 2000);
}

}  // namespace drover::app
