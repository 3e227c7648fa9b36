#pragma once

#include <span>

#include "base/transport.hpp"
#include "exchanges/protocol/wire_request.hpp"

namespace drover::exchanges::mexc {

/// Indexes into rules().
enum limit : std::size_t { address_weight, account_weight };

std::span<const rate_rule> rules();
limit_report read_limits(const wire_request&, const client_response&);

}  // namespace drover::exchanges::mexc
