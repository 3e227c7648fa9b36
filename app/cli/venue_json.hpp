#pragma once

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "exchanges/protocol/venue_protocol.hpp"

namespace drover::app {

/// The arguments of an operation as `engine venue` takes them (docs/VENUE_TOOL.md). errc::malformed names the member
/// that is unknown or wrong.
result<exchanges::venue_call> read_venue_call(exchanges::operation, const json& arguments);
/// The members that read_venue_call understands for the operation, for `--list`.
std::vector<std::string> arguments_of(exchanges::operation);

/// Canonical values as JSON: the same members for every venue. Amounts are strings, times RFC 3339.
json to_json(const exchanges::venue_answer&);
json to_json(const exchanges::order&);
json to_json(const exchanges::fill&);
json to_json(const exchanges::balance&);
json to_json(const exchanges::book_ticker&);
json to_json(const exchanges::public_trade&);
json to_json(const exchanges::candle&);
json to_json(const exchanges::book_update&);
json to_json(const error&);

}  // namespace drover::app
