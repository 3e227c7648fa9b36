#pragma once

#include <optional>
#include <string_view>

#include "base/transport.hpp"
#include "exchanges/protocol/operation.hpp"
#include "exchanges/protocol/rate_rule.hpp"

namespace drover::exchanges::binance {

/// The venue's {"code","msg"} and HTTP status → canonical error (Binance spot "Error codes"). For writes everything that is
/// not documented as a refusal is unknown_outcome: 5xx, -1006, -1007, unknown codes, bodies that are not JSON (REL-30).
/// For rate_limited retry_after is set, from "banned until <ms>" by the venue's clock `server_now` where both are there.
error classify(operation, int http_status, int code, std::string_view message, std::optional<wall_time> server_now);

/// As classify(), from a whole answer; Retry-After counts before the message.
error classify_answer(operation, const client_response&, std::optional<wall_time> server_now = std::nullopt);

/// Used weight, order counts and bans that an answer tells of.
limit_report read_limits(const client_response&, wall_time server_now);

/// The error means that the whole address has to stay away, not just this account.
bool concerns_everybody(const client_response&);

}  // namespace drover::exchanges::binance
