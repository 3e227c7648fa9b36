#pragma once

#include <span>

#include "base/transport.hpp"
#include "exchanges/protocol/wire_request.hpp"

namespace drover::exchanges::gate {

/// Indexes into rules(): every endpoint has a limit of its own.
enum limit : std::size_t {
  public_time, public_pairs, public_book, public_trades, public_candles,
  account_detail, account_keys, spot_accounts, single_orders, order_lists, open_orders, my_trades, countdown,
  order_placing, order_cancelling,
};

std::span<const rate_rule> rules();
limit_report read_limits(const wire_request&, const client_response&, wall_time server_now);

}  // namespace drover::exchanges::gate
