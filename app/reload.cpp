#include "app/reload.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "base/log.hpp"

namespace drover::app {
namespace {

const logger& log() {
  static const logger instance("app");
  return instance;
}

/// What its part reads at each use, so that a new value needs nothing to be built anew.
constexpr std::array<std::string_view, 33> reloadable{
    "log.level",
    "auth.registration",
    "auth.four_eyes",
    "auth.confirm_after",
    "web.limits.enabled",
    "web.limits.address.*",
    "web.limits.login.*",
    "web.limits.sockets.*",
    "web.limits.user_read.*",
    "web.limits.user_write.*",
    "web.allowed_origins",
    "web.trusted_proxies",
    "web.behind_tls_proxy",
    "web.websocket_auth_timeout",
    "web.unauthenticated_sockets_per_address",
    "web.login_locked",
    "bots.refresh_interval",
    "bots.restart_intensity",
    "bots.restart_period",
    "bots.quarantine_probe_interval",
    "bots.drain_limit",
    "bots.at_shutdown",
    "bots.bots_per_user",
    "bots.mailbox_limit",
    "bots.probe_interval",
    "bots.balance_interval",
    "bots.statistics_interval",
    "bots.flatten_collar",
    "bots.limits.*",
    "bots.engine_limits.*",
    "raw.size_limit_mib",
    "raw.retention_days",
    "shutdown_limit",
};

bool matches(std::string_view pattern, std::string_view key) {
  if (!pattern.ends_with('*')) return pattern == key;
  pattern.remove_suffix(1);
  return key.starts_with(pattern);
}

std::map<std::string, std::string> values_of(const std::vector<config_key>& keys) {
  std::map<std::string, std::string> out;
  for (const auto& k : keys) out.emplace(k.key, k.value);
  return out;
}

}  // namespace

bool is_reloadable(std::string_view key) {
  return std::ranges::any_of(reloadable, [key](std::string_view pattern) { return matches(pattern, key); });
}

std::span<const std::string_view> reloadable_keys() { return reloadable; }

std::vector<config_change> compare_configurations(const std::vector<config_key>& before, const std::vector<config_key>& after) {
  auto old = values_of(before);
  std::vector<config_change> out;
  const auto add = [&out](const std::string& key, std::string was, std::string is) {
    if (was != is) out.push_back({key, std::move(was), std::move(is), is_reloadable(key)});
  };
  for (const auto& [key, value] : values_of(after)) {
    auto was = old.extract(key);
    add(key, was ? was.mapped() : std::string(), value);
  }
  for (auto& [key, value] : old) add(key, value, "");
  return out;
}

configuration_reload::configuration_reload(settings_reader read, std::function<void(const settings&)> apply)
    : read_(std::move(read)), apply_(std::move(apply)), known_(read_().report.keys) {}

void configuration_reload::run() {
  auto fresh = read_();
  for (const auto& problem : fresh.report.problems) log().error("configuration", {{"problem", problem.to_string()}});
  if (!fresh.report.problems.empty()) {
    log().error("SIGHUP: the configuration has problems; the old one stays in force");
    return;
  }
  const auto changes = compare_configurations(known_, fresh.report.keys);
  apply_(fresh.value);
  for (const auto& change : changes) {
    // Other values may be secrets, as that of a database's URL.
    if (change.applies) log().info("SIGHUP: changed", {{"key", change.key}, {"before", change.before}, {"after", change.after}});
    if (!change.applies) log().warn("SIGHUP: changed, but needs a restart", {{"key", change.key}});
  }
  log().info("SIGHUP: the configuration was read again", {{"changes", changes.size()}});
  // What needs a restart is named again until there was one.
  for (auto& key : known_)
    for (const auto& change : changes)
      if (change.applies && change.key == key.key) key.value = change.after;
}

}  // namespace drover::app
