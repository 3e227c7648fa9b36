#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "exchanges/json_rows_detail.hpp"

// What both streams share: the envelope.
namespace drover::exchanges::kucoin {

std::string make_subscription_frame(bool subscribe, std::string_view topic, std::int64_t id, bool is_private);
std::string make_ping_frame(std::int64_t id);

/// "7" → 7.
std::optional<std::int64_t> read_frame_id(json_fields&);
/// Of a frame of type "error".
error read_frame_error(json_fields&);

}  // namespace drover::exchanges::kucoin
