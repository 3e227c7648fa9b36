#include "engine/bots/bot_store.hpp"

namespace drover::engine {

namespace {

std::string_view message_of(int value) {
  switch (static_cast<bot_errc>(value)) {
    case bot_errc::market_taken: return "another bot of the account works on this market";
    case bot_errc::too_many: return "no more bots are allowed";
  }
  return "unknown bot error";
}

const enum_category category("bots", message_of);

}  // namespace

std::error_code make_error_code(bot_errc value) { return {static_cast<int>(value), category}; }

}  // namespace drover::engine
