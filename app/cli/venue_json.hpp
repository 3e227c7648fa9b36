#pragma once

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "exchanges/protocol/venue_protocol.hpp"

namespace drover::app {

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
