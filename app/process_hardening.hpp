#pragma once

namespace drover::app {

/// No core dumps and no reading of our memory by other processes of the same user (SEC-09), and as many open files as we may
/// have. Answers nothing: a kernel that refuses one of them is logged.
void harden_process();

/// Tells systemd, when it started us: "READY=1", "STOPPING=1", "STATUS=…", "WATCHDOG=1".
void notify_supervisor(const char* state);

/// Half of WATCHDOG_USEC in milliseconds, the longest that may pass between two WATCHDOG=1; 0 when no watchdog is asked for.
int watchdog_interval_ms();

}  // namespace drover::app
