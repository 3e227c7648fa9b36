#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/error.hpp"

namespace drover {

using json = nlohmann::json;

struct json_limits {
  std::size_t size_bytes = 64 * 1024;
  std::size_t depth = 32;
};

/// Parses outside JSON strictly: one value, UTF-8, no duplicate keys, no \u0000, no number that is not a 64-bit integer
/// (decimals travel as strings, so that no digit is lost). errc::malformed with the byte offset otherwise.
result<json> parse_json(std::string_view text, json_limits = {});

}  // namespace drover
