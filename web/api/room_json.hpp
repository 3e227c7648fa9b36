#pragma once

#include "engine/copy/copy_store.hpp"
#include "web/json_writer.hpp"

namespace drover::web::api {

/// The lead's account is shown to the lead only.
void write_room(json_writer&, const engine::room_view&);
void write_invitation(json_writer&, const engine::invitation&, wall_time now);
/// `own`: account, bot and reason are shown too.
void write_member(json_writer&, const engine::member&, bool own);
void write_signal(json_writer&, const engine::room_signal&);
/// `own`: amounts, the order and the reason, which may name amounts, are shown too.
void write_receipt(json_writer&, const engine::receipt_view&, bool own);

}  // namespace drover::web::api
