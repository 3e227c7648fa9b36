#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "exchanges/json_fields_detail.hpp"

namespace drover::exchanges::mexc {

/// The JSON frames of both streams: {"id","code","msg"}, where `msg` is "PONG", the channels that were asked for, separated by
/// commas, or why some were not opened.
struct stream_answer {
  bool pong = false;
  std::vector<std::string> channels;
  /// Empty: opened (or ended) as asked.
  std::string refusal;
};
result<stream_answer> read_stream_answer(json_source&, std::string_view frame);

/// Pushes are protobuf, everything else is a JSON object.
inline bool is_json(std::string_view frame) { return frame.starts_with('{'); }

inline std::string make_ping_frame() { return R"({"method":"PING"})"; }

/// {"method":…,"params":[…]}
std::string make_subscription_frame(bool subscribe, const std::vector<std::string>& channels);

/// Whether all of these names of a push are UTF-8.
inline bool are_texts(std::initializer_list<std::string_view> names) {
  for (auto n : names)
    if (!simdjson::validate_utf8(n.data(), n.size())) return false;
  return true;
}

/// A decimal text of a push; malformed ones and negative ones clear `ok`, empty ones are zero.
decimal read_amount(const std::string& text, bool& ok);

}  // namespace drover::exchanges::mexc
