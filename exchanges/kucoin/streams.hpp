#pragma once

#include <memory>

#include "exchanges/protocol/market_wire.hpp"
#include "exchanges/protocol/private_wire.hpp"

namespace drover::exchanges::kucoin {

/// Best prices, trades, books of 50 levels (each message the whole book) and candles.
std::unique_ptr<market_wire> make_market_wire();
/// Orders and balances. Executions arrive as orders whose filled quantity has grown: the stream does not say what they cost.
std::unique_ptr<private_wire> make_private_wire();

/// Documentation "WebSocket introduction": 400 topics a connection, 100 a message, 100 messages in 10 s, a ping every 18 s, tokens
/// of 24 hours.
const stream_habits& get_stream_habits();

}  // namespace drover::exchanges::kucoin
