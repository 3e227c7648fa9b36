#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/json.hpp"

/// Reading back what save_state() wrote. Missing or broken members throw bad_state, which restore_with() turns into
/// errc::malformed.
namespace drover::engine {

struct bad_state {
  std::string what;
};

const json& state_member(const json& object, const char* key);
decimal state_amount(const json& object, const char* key);
std::string state_text(const json& object, const char* key);
bool state_flag(const json& object, const char* key);
std::int64_t state_whole(const json& object, const char* key);
wall_time state_time(const json& object, const char* key);
json to_state(wall_time);

/// Parses `text` and hands the value to `read`.
result<void> restore_with(std::string_view text, const std::function<void(const json&)>& read);

}  // namespace drover::engine
