#pragma once

#include <cstdint>
#include <string_view>

#include "base/transport.hpp"
#include "exchanges/protocol/operation.hpp"

namespace drover::exchanges::mexc {

/// {"code","msg"} of an answer of any status.
error read_refusal(operation, const client_response&);
error make_coded_refusal(operation, int http_status, std::int64_t code, std::string_view message);

}  // namespace drover::exchanges::mexc
