#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/history/price_watch.hpp"
#include "engine/orders/external_order.hpp"

namespace drover::web {

/// Latest prices of markets; `done` is called on the web thread, later or never.
using prices_source = std::function<void(std::vector<engine::market_key>, std::function<void(std::shared_ptr<const engine::market_prices>)> done)>;
/// External orders on the markets of a user's living bots, of one account where it is valid.
using external_orders_source =
    std::function<void(user_id, account_id, std::function<void(std::shared_ptr<const std::vector<engine::external_order>>)> done)>;

}  // namespace drover::web
