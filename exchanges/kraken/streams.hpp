#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "exchanges/protocol/market_wire.hpp"
#include "exchanges/protocol/private_wire.hpp"

namespace drover::exchanges::kraken {

std::unique_ptr<market_wire> make_market_wire();
/// Orders with their executions. The venue tells totals of balances; what open orders hold of them is reckoned here.
std::unique_ptr<private_wire> make_private_wire();

const stream_habits& get_stream_habits();

/// CRC-32 over the ten best asks, then bids, each price and quantity with the instrument's digits, without point and leading zeros
/// (documentation "Book checksum (v2)"). None when a number has more digits than the instrument.
std::optional<std::uint32_t> make_book_checksum(std::span<const book_level> bids, std::span<const book_level> asks, const instrument&);

}  // namespace drover::exchanges::kraken
