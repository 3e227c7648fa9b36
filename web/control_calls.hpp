#pragma once

#include <stdexcept>

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

inline engine::control_caller caller_of(const request& r) {
  return {.user = r.caller_id(), .is_admin = r.caller && r.caller->role == tenants::role::admin, .through = "api"};
}

}  // namespace drover::web
