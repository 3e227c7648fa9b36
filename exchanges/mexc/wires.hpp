#pragma once

#include <memory>

#include "exchanges/protocol/market_wire.hpp"
#include "exchanges/protocol/private_wire.hpp"

namespace drover::exchanges::mexc {

std::unique_ptr<market_wire> make_market_wire();
std::unique_ptr<private_wire> make_private_wire();

}  // namespace drover::exchanges::mexc
