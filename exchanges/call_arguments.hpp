#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "exchanges/protocol/operation.hpp"

namespace drover::exchanges {

/// The arguments of an operation as people and other programs name them, the same for every venue (docs/VENUE_TOOL.md).
/// errc::malformed names the member that is unknown or wrong.
result<venue_call> read_venue_call(operation, const json& arguments);
/// The members that read_venue_call understands for the operation.
std::vector<std::string> arguments_of(operation);

}  // namespace drover::exchanges
