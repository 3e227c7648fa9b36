#include "simulation/log_watch.hpp"

#include "simulation/api_keys.hpp"

namespace drover::simulation {

log_watch::log_watch(oracle& judge, bool loud) : judge_(judge), loud_(loud) {
  captured_.emplace();
  set_log_level(loud ? log_level::debug : log_level::error);
}

log_watch::~log_watch() {
  set_log_level(log_level::error);
}

void log_watch::check() {
  if (loud_) {
    const auto text = captured_->text();
    const auto at = text.find(secret_mark);
    if (at != std::string::npos) {
      const auto line = text.rfind('\n', at) + 1;
      judge_.fail("a secret is in the log: " + text.substr(line, at - line) + "***");
    }
  }
  captured_.emplace();
}

}  // namespace drover::simulation
