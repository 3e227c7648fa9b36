#pragma once

#include <pqxx/pqxx>
#include <string>

#include "engine/bots/bot_store.hpp"

/// Bots inside somebody else's transaction; included by *_postgres.cpp only.
namespace drover::engine::bot_rows {

/// Makes, audits and announces a bot, as bot_store::create() does. Nothing is committed.
result<bot> insert(pqxx::transaction_base&, const new_bot&, int limit);

/// SQL, true of a row `b` of bots whose account does not trade: nothing could be closed there, its orders were cancelled
/// when it ended.
const std::string& nothing_to_close();

}  // namespace drover::engine::bot_rows
