#include "engine/control/control_note.hpp"

#include <fmt/core.h>

#include <charconv>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/encoding.hpp"
#include "base/json.hpp"

namespace drover::engine {
namespace {

constexpr int format_version = 1;
constexpr json_limits note_limits{.size_bytes = control_note::size_limit_bytes, .depth = 8};

std::int64_t to_number(wall_time t) {
  return t.since_epoch.count();
}
wall_time to_time(const json& j) {
  return {nanoseconds(j.get<std::int64_t>())};
}

json to_json(const kill& k) {
  json out{{"id", k.id.to_string()},
           {"verb", to_string(k.verb)},
           {"scope", to_string(k.scope.what)},
           {"scope_id", k.scope.id},
           {"scope_name", k.scope.name},
           {"owner", k.owner.value},
           {"by", k.by.value},
           {"by_admin", k.by_admin},
           {"through", k.through},
           {"key", k.key},
           {"reason", k.reason},
           {"at", to_number(k.at)},
           {"state", to_string(k.state)},
           {"released_by", k.released_by.value}};
  if (k.released_at) out["released_at"] = to_number(*k.released_at);
  return out;
}

json to_json(const lock_state& s) {
  return {{"name", to_string(s.name)},
          {"locked", s.locked},
          {"reason", s.reason},
          {"by", s.by.value},
          {"at", to_number(s.at)}};
}

/// Absent values throw, as absent members do; parse_note() tells.
kill kill_of(const json& j) {
  kill k{.id = uuid::parse(j.at("id").get<std::string>()).value(),
         .verb = parse_halt_verb(j.at("verb").get<std::string>()).value(),
         .scope = {parse_halt_kind(j.at("scope").get<std::string>()).value(), j.at("scope_id"), j.at("scope_name")},
         .owner = user_id(j.at("owner").get<std::int64_t>()),
         .by = user_id(j.at("by").get<std::int64_t>()),
         .by_admin = j.at("by_admin"),
         .through = j.at("through"),
         .key = j.at("key"),
         .reason = j.at("reason"),
         .at = to_time(j.at("at")),
         .state = parse_kill_state(j.at("state").get<std::string>()).value(),
         .released_by = user_id(j.at("released_by").get<std::int64_t>()),
         .saved = false,
         .noted = true};
  if (j.contains("released_at")) k.released_at = to_time(j.at("released_at"));
  k.receipt.entries_halted_since = k.at;
  return k;
}

lock_state lock_of(const json& j) {
  return {.name = parse_engine_lock(j.at("name").get<std::string>()).value(),
          .locked = j.at("locked"),
          .reason = j.at("reason"),
          .by = user_id(j.at("by").get<std::int64_t>()),
          .at = to_time(j.at("at")),
          .saved = false,
          .noted = true};
}

std::unexpected<error> damaged(std::string_view how) {
  return fail(errc::malformed, std::string(control_note::file_name) + " in state_folder " + std::string(how));
}

std::string checksum_of(std::string_view body) {
  return fmt::format("{:08x}", crc32c(body));
}

}  // namespace

std::string to_note(const noted_controls& held) {
  json body{{"version", format_version}, {"kills", json::array()}, {"locks", json::array()}};
  for (const auto& k : held.kills) body["kills"].push_back(to_json(k));
  for (const auto& s : held.locks) body["locks"].push_back(to_json(s));
  const auto text = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return checksum_of(text) + "\n" + text;
}

result<noted_controls> parse_note(std::string_view bytes) {
  const auto line = bytes.find('\n');
  if (line == std::string_view::npos || checksum_of(bytes.substr(line + 1)) != bytes.substr(0, line))
    return damaged("is damaged");
  auto body = parse_json(bytes.substr(line + 1), note_limits);
  if (!body) return damaged("is damaged");
  try {
    if (body->at("version") != format_version) return damaged("was written by another version of the engine");
    noted_controls out;
    for (const auto& k : body->at("kills")) out.kills.push_back(kill_of(k));
    for (const auto& s : body->at("locks")) out.locks.push_back(lock_of(s));
    return out;
  } catch (const std::exception&) {
    return damaged("is not what this version of the engine writes");
  }
}

control_note::control_note(file_system& files, std::filesystem::path folder, worker_pool& worker)
    : files_(files), folder_(std::move(folder)), path_(folder_ / file_name), worker_(worker) {}

result<noted_controls> control_note::recall() {
  if (auto made = files_.make_folders(folder_); !made) return std::unexpected(made.error());
  auto bytes = files_.read(path_, size_limit_bytes);
  if (!bytes && bytes.error().code == make_error_code(errc::not_found)) return noted_controls{};
  is_empty_ = false;
  if (!bytes) return std::unexpected(bytes.error());
  auto held = parse_note(*bytes);
  // For who must find out what it said; that trading is locked meanwhile does not depend on it.
  if (!held) (void)files_.write_atomically(folder_ / damaged_name, *bytes);
  return held;
}

result<void> control_note::write(const noted_controls& held) {
  const bool nothing = held.kills.empty() && held.locks.empty();
  if (nothing && is_empty_) return {};
  // An empty note is written, not removed: a removal that is not synced yet would bring old ones back.
  auto done = files_.write_atomically(path_, to_note(held));
  if (done) is_empty_ = nothing;
  return done;
}

task<result<void>> control_note::keep(noted_controls held) {
  std::move_only_function<result<void>()> work = [this, held = std::move(held)] { return write(held); };
  auto done = co_await worker_.run<result<void>>(std::move(work));
  if (!done) co_return std::unexpected(done.error());
  co_return *done;
}

}  // namespace drover::engine
