#pragma once

#include <string>
#include <string_view>

#include "engine/strategies/strategy.hpp"

/// Prices on ticks, quantities on lots, within what the instrument allows. Pure functions.
namespace drover::engine {

bool is_symbol(std::string_view);

decimal mid_of(const exchanges::book_ticker&);
/// The price at which an order of that side trades at once.
decimal touch_of(const exchanges::book_ticker&, exchanges::side taker);
/// What a venue has of an asset for this account; zero when it told nothing.
exchanges::balance balance_of(const strategy_context&, const std::string& asset);
decimal free_balance(const strategy_context&, const std::string& asset);
/// Free and locked.
decimal total_balance(const strategy_context&, const std::string& asset);

/// What the fill moved of the base asset, fees included.
decimal base_effect(const exchanges::instrument&, const exchanges::fill&);

/// On the tick, never worse for the account than `price`: buys down, sells up.
decimal passive_price(const exchanges::instrument&, exchanges::side, decimal price);
/// `price` moved by `share` against the account (buys up, sells down), on the tick: how far a taker goes.
decimal bound_price(const exchanges::instrument&, exchanges::side, decimal price, decimal share);

/// As much of `quantity` as one order at `price` may have: on the lot, within the largest order, zero when below a
/// minimum.
decimal sellable(const exchanges::instrument&, decimal quantity, decimal price);
/// The same of what `notional` buys at `price`.
decimal affordable(const exchanges::instrument&, decimal notional, decimal price);
/// errc::out_of_range when an order of `quantity` at `price` is below a minimum or above the largest: "<field> is too
/// small: …".
result<void> check_order_size(std::string_view field, const exchanges::instrument&, decimal quantity, decimal price);

}  // namespace drover::engine
