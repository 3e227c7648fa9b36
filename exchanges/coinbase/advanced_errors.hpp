#pragma once

#include <optional>

#include "base/transport.hpp"
#include "exchanges/protocol/operation.hpp"

namespace drover::exchanges::coinbase::advanced {

/// What an answer of another status than 2xx means.
error read_refusal(operation, const client_response&);
/// `success: false` of POST /orders: the code of error_response (or failure_reason) and its message.
error make_order_refusal(std::string_view code, std::string_view message);
/// One result of batch_cancel that failed.
error make_cancel_refusal(std::string_view reason);

}  // namespace drover::exchanges::coinbase::advanced
