#pragma once

#include <string>

#include "exchanges/paper/simulated_venue.hpp"

namespace drover::exchanges::paper {

/// Everything that survives a restart, as JSON: accounts with keys (play money), balances, orders, fills, counters, last
/// prices. Open orders return to the end of their level's queue.
std::string save_state(const simulated_venue&);
/// Into a venue that was opened and has not begun. errc::malformed names what does not fit.
result<void> restore_state(simulated_venue&, std::string_view text);

}  // namespace drover::exchanges::paper
