#pragma once

#include <memory>

#include "engine/bots/bot_store.hpp"
#include "simulation/model_accounts.hpp"

namespace drover::simulation {

/// The bots as one engine's bot manager sees them, through the database's faults; nobody else changes them.
std::unique_ptr<engine::bot_store> make_model_bots(account_office&, model_database&, std::shared_ptr<const life_line>);

}  // namespace drover::simulation
