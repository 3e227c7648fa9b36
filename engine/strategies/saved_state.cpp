#include "engine/strategies/saved_state.hpp"

#include <nlohmann/json.hpp>

namespace drover::engine {

const json& state_member(const json& object, const char* key) {
  if (!object.is_object()) throw bad_state{"not an object"};
  const auto at = object.find(key);
  if (at == object.end()) throw bad_state{std::string(key) + " is missing"};
  return *at;
}

std::string state_text(const json& object, const char* key) {
  const auto& value = state_member(object, key);
  if (!value.is_string()) throw bad_state{std::string(key) + " is not text"};
  return value.get<std::string>();
}

decimal state_amount(const json& object, const char* key) {
  auto value = decimal::parse(state_text(object, key));
  if (!value) throw bad_state{std::string(key) + " is not an amount"};
  return *value;
}

bool state_flag(const json& object, const char* key) {
  const auto& value = state_member(object, key);
  if (!value.is_boolean()) throw bad_state{std::string(key) + " is not true or false"};
  return value.get<bool>();
}

std::int64_t state_whole(const json& object, const char* key) {
  const auto& value = state_member(object, key);
  if (!value.is_number_integer()) throw bad_state{std::string(key) + " is not a whole number"};
  return value.get<std::int64_t>();
}

wall_time state_time(const json& object, const char* key) {
  return {nanoseconds(state_whole(object, key))};
}

result<void> restore_with(std::string_view text, const std::function<void(const json&)>& read) {
  // The strategies' own bounds keep their states far below this.
  constexpr json_limits limits{.size_bytes = 256 * 1024};
  auto parsed = parse_json(text, limits);
  if (!parsed) return fail(errc::malformed, "saved state: " + parsed.error().detail);
  try {
    read(*parsed);
  } catch (const bad_state& bad) {
    return fail(errc::malformed, "saved state: " + bad.what);
  }
  return {};
}

json to_state(wall_time t) {
  return t.since_epoch.count();
}

}  // namespace drover::engine
