#pragma once

#include <string_view>

#include "base/transport.hpp"
#include "exchanges/instrument_table.hpp"
#include "exchanges/protocol/operation.hpp"

namespace drover::exchanges::mexc {

result<venue_reply> read_answer(const venue_call&, const client_response&, const instrument_table&);

/// Its two halves; numbers out of range throw decimal_overflow, which read_answer turns into an error.
result<venue_reply> read_market_answer(const venue_call&, std::string_view body);
result<venue_reply> read_account_answer(const venue_call&, const client_response&);

}  // namespace drover::exchanges::mexc
