#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "base/log.hpp"
#include "base/postgres.hpp"
#include "engine/bots/bot_manager.hpp"
#include "exchanges/registry.hpp"
#include "tenants/proposals/proposal_service.hpp"
#include "web/web_server.hpp"

namespace drover::app {

struct security_settings {
  /// The text of the key file (crypto::key_file); gone once it was read.
  std::optional<secret> master_key;
  std::string master_key_path;
  /// Lines "<key id> <64 hex digits>"; the first one signs new tokens, the others still verify.
  std::optional<secret> token_keys;
  milliseconds token_life{3'600'000};
  milliseconds refresh_life{30LL * 24 * 3600 * 1000};
  /// How often every stored key is asked for its rights.
  milliseconds key_probe_interval{86'400'000};
  std::size_t hashing_threads = 1;
  std::size_t hashing_queue = 32;
};

struct raw_settings {
  std::string folder = "/var/lib/engine/spool";
  std::int64_t size_limit_mib = 1024;
  std::int64_t retention_days = 0;
  std::uint64_t size_limit_bytes() const { return static_cast<std::uint64_t>(size_limit_mib) * 1024 * 1024; }
};

/// Where other programs of this machine have requests signed (docs/BROKER.md).
struct broker_settings {
  /// Empty: there is no broker.
  std::string socket;
  /// Empty: only the engine's user and root may connect.
  std::string group;
};

/// Tokens of an older system.
struct legacy_tokens_settings {
  bool accepted = false;
  std::optional<secret> key;
};

/// Everything that `config.yaml` may say, as the modules want it.
struct settings {
  log_config log;
  database_config database;
  /// As the owner of the tables: for migrations and for restoring backups. The engine itself must not be it.
  database_config owner_database;
  /// Connections of the trading side, apart from the web's: a flood of pages must not delay an order.
  std::size_t trading_connections = 3;
  std::string migrations_folder = "/usr/share/engine/migrations";
  security_settings security;
  web::web_config web;
  tenants::registration_mode registration = tenants::registration_mode::off;
  legacy_tokens_settings legacy_tokens;
  tenants::four_eyes_mode four_eyes = tenants::four_eyes_mode::automatic;
  engine::bots_config bots;
  raw_settings raw;
  std::vector<exchanges::exchange_config> exchanges;
  std::string engine_name = "engine";
  milliseconds shutdown_limit{20'000};
  std::string state_folder;
  /// Where the operator's commands reach this process.
  std::string operator_socket;
  broker_settings broker;
};

struct settings_outcome {
  settings value;
  config_outcome report;
};

/// Reads all sources; `report.problems` is empty when `value` may be used.
settings_outcome read_settings(const std::optional<std::filesystem::path>& file,
                               const std::vector<config_override>& overrides);

}  // namespace drover::app
