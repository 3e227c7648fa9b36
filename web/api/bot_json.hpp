#pragma once

#include <optional>

#include "engine/bots/bot.hpp"
#include "engine/bots/bot_status.hpp"
#include "web/body_reader.hpp"
#include "web/json_writer.hpp"

namespace drover::web::api {

/// What the bot is doing: its own word while the engine holds it, else what its row says.
engine::bot_status describe_bot(const engine::bot&, const engine::bot_board&);

/// The bot as the API shows it, its status included.
void write_bot(json_writer&, const engine::bot&, const engine::bot_status&);

/// "resume": what becomes of the orders when the bot stops; nothing when it is absent, or wrong (the reader complains).
std::optional<engine::resume_contract> read_contract(body_reader&);

}  // namespace drover::web::api
