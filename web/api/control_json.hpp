#pragma once

#include "engine/control/trading_control.hpp"
#include "web/json_writer.hpp"

namespace drover::web::api {

void write_kill(json_writer&, const engine::kill&);
void write_lock(json_writer&, const engine::lock_state&);
void write_limits(json_writer&, const engine::limits_view&);

}  // namespace drover::web::api
