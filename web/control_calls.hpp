#pragma once

#include <stdexcept>
#include <vector>

#include "base/run_on.hpp"
#include "engine/control/trading_control.hpp"
#include "web/services.hpp"

namespace drover::web {

inline engine::trading_control& get_control(services& s) {
  if (s.parts.control == nullptr) throw std::logic_error("this server was built without a trading control");
  return *s.parts.control;
}

/// Runs a call of the trading control where it lives and answers here.
template <class T>
task<T> on_trading(services& s, task<T> work) {
  return run_on(s.parts.trading, std::move(work));
}

inline task<std::vector<engine::lock_state>> locks_of(engine::trading_control& control) {
  co_return control.locks();
}

/// As they are now.
inline task<std::vector<engine::lock_state>> read_locks(services& s) {
  return on_trading(s, locks_of(get_control(s)));
}

inline engine::control_caller caller_of(const request& r) {
  return {.user = r.caller_id(), .is_admin = r.caller && r.caller->role == tenants::role::admin, .through = "api"};
}

}  // namespace drover::web
