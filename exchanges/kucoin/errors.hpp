#pragma once

#include <optional>
#include <string_view>

#include "exchanges/types.hpp"

namespace drover::exchanges::kucoin {

/// What a code of an answer says; nothing for codes that prove nothing.
std::optional<exchange_errc> find_known_error(std::string_view code, std::string_view message);

/// What a WebSocket frame of type "error" says.
error make_stream_refusal(std::string_view code, std::string_view message);

}  // namespace drover::exchanges::kucoin
