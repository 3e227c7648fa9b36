#pragma once

#include <string>
#include <string_view>

#include "exchanges/protocol/operation.hpp"
#include "exchanges/raw/raw_recorder.hpp"

/// The arguments of a call and the details of a gap as one line of text, as raw records carry them:
/// "symbol=BTC%2FUSDT&interval=1m". Names that a reader does not know are passed over. Pure functions.
namespace drover::exchanges {

/// Everything that a protocol may need to read the answer again; no secret is among it. Empty when nothing is set.
std::string write_call_arguments(const venue_call&);
/// errc::malformed names the argument. `earlier` and `access` are not kept: an answer is read by itself.
result<venue_call> read_call(std::string_view operation, std::string_view arguments);

struct gap_details {
  std::string symbol, interval;
  std::int64_t first_missing = 0, last_missing = 0;
};
std::string write_gap_details(const data_gap&);
gap_details read_gap_details(std::string_view);

}  // namespace drover::exchanges
