#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "exchanges/paper/simulated_venue.hpp"

namespace drover::exchanges::paper {

/// What an account can see of its orders: not those younger than its venue's visibility delay (and the fault
/// delayed_visibility), as if they had not reached the venue's database yet. Pointers are valid until the next operation.

/// nullptr when there is none, or it is another account's.
const paper_order* find_visible_order(const simulated_venue&, const api_account&, order_number);
/// The latest order with that client id.
const paper_order* find_visible_order(const simulated_venue&, const api_account&, std::string_view client_id);
/// Oldest first; of one instrument or all.
std::vector<const paper_order*> list_open_orders(const simulated_venue&, const api_account&, std::optional<instrument_number> only = {});
/// Open and finished, oldest first.
std::vector<const paper_order*> list_orders(const simulated_venue&, const api_account&, std::optional<instrument_number> only = {});
/// Oldest first. Fills are never delayed.
std::vector<const execution*> list_fills(const simulated_venue&, const api_account&, std::optional<instrument_number> only = {});
/// Free, then locked.
std::pair<decimal, decimal> get_holding(const simulated_venue&, const api_account&, std::string_view asset);

}  // namespace drover::exchanges::paper
