#include "app/cli/secrets_command.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/cli/command_keys.hpp"
#include "app/cli/gpg.hpp"
#include "app/cli/hidden_input.hpp"
#include "app/cli/rows_output.hpp"
#include "app/cli/run_task.hpp"
#include "app/exchange_catalogue.hpp"
#include "base/files.hpp"
#include "crypto/legacy.hpp"
#include "tenants/errors.hpp"
#include "tenants/import/account_import.hpp"
#include "tenants/keys/master_keys.hpp"

namespace drover::app {
namespace {

struct import_command {
  std::vector<std::string> files, user_pairs;
  std::string format, key_file;
  tenants::import_options options;
  bool passphrase_stdin = false;
};

constexpr std::array columns{row_column{"row", "/place"},         row_column{"user", "/user"},
                             row_column{"exchange", "/exchange"}, row_column{"label", "/label"},
                             row_column{"API key", "/api_key"},   row_column{"account", "/account"},
                             row_column{"outcome", "/outcome"}};

int give_up(const error& e) {
  using crypto::crypto_errc;
  fmt::print(stderr, "engine: {}\n", describe(e));
  if (is_unavailable(e)) return exit_unavailable;
  const bool wrong_key = e.code == crypto_errc::key_wrong || e.code == crypto_errc::key_malformed || e.code == crypto_errc::key_missing;
  return wrong_key ? exit_config : exit_failed;
}

result<secret> read_standard_input() {
  auto buffer = secret::of_size(tenants::import_bytes_limit + 1);
  const auto room = buffer.mutable_bytes();
  const auto size = std::fread(room.data(), 1, room.size(), stdin);
  if (size == room.size()) return fail(errc::out_of_range, "standard input is larger than 16 MiB");
  return secret(buffer.reveal().substr(0, size));
}

/// One passphrase for all sealed files, asked for at the first of them.
class source_reader {
public:
  explicit source_reader(bool passphrase_stdin) : passphrase_stdin_(passphrase_stdin) {}

  result<secret> read(const std::string& name) {
    if (name == "-") return read_standard_input();
    if (!name.ends_with(".gpg")) {
      auto text = system_files().read(name, tenants::import_bytes_limit);
      if (!text) return std::unexpected(text.error());
      secret out(*text);
      wipe_memory(text->data(), text->size());
      return out;
    }
    if (!passphrase_)
      passphrase_ = read_hidden_line("Passphrase of the gpg files: ", "--passphrase-stdin", passphrase_stdin_);
    if (!passphrase_) return fail(crypto::crypto_errc::passphrase_wrong, "no passphrase was given");
    return open_gpg_file(name, *passphrase_, tenants::import_bytes_limit);
  }

private:
  bool passphrase_stdin_;
  std::optional<secret> passphrase_;
};

/// From a file, or from where the other system has it.
result<secret> read_old_key(const import_command& c, const char* variable) {
  if (!c.key_file.empty()) return read_secret_file(c.key_file);
  const char* value = std::getenv(variable);
  if (value == nullptr || *value == '\0')
    return fail(crypto::crypto_errc::key_missing,
                fmt::format("no key of the other system: set {} or name a file by --key-file", variable));
  return secret(value);
}

result<void> open_rows(const import_command& c, std::vector<tenants::import_row>& rows) {
  if (c.format == "fernet") {
    const auto text = read_old_key(c, "BRAIN_CAPITAL_MASTER_KEY");
    if (!text) return std::unexpected(text.error());
    const auto key = crypto::read_fernet_key(text->reveal());
    if (!key) return std::unexpected(key.error());
    tenants::open_fernet_rows(rows, *key);
  }
  if (c.format == "cbc") {
    const auto text = read_old_key(c, "ENCRYPTION_KEY");
    if (!text) return std::unexpected(text.error());
    tenants::open_cbc_rows(rows, crypto::cbc_keys_of(*text));
  }
  return {};
}

result<std::vector<tenants::import_row>> read_rows(const import_command& c,
                                                   const tenants::exchange_catalogue& catalogue) {
  std::vector<tenants::import_row> all;
  source_reader sources(c.passphrase_stdin);
  for (const auto& file : c.files) {
    auto text = sources.read(file);
    if (!text) return std::unexpected(text.error());
    const auto name = file == "-" ? std::string("standard input") : file;
    auto rows = c.format == "env" ? tenants::read_environment_rows(*text, name, catalogue)
                                  : tenants::read_json_rows(*text, name);
    if (!rows) return std::unexpected(rows.error());
    std::ranges::move(*rows, std::back_inserter(all));
  }
  if (all.size() > tenants::import_rows_limit)
    return fail(errc::out_of_range, "too many accounts at once; import fewer files");
  if (auto opened = open_rows(c, all); !opened) return std::unexpected(opened.error());
  return all;
}

result<tenants::import_report> store(const settings& s, const crypto::keyring& keys,
                                     const tenants::exchange_catalogue& catalogue,
                                     std::vector<tenants::import_row> rows, const import_command& c) {
  auto config = s.database;
  config.connections = 1;
  const auto db = make_database(config, system_clock());
  const auto accounts = tenants::make_postgres_account_store(*db);
  const auto users = tenants::make_postgres_user_store(*db);
  const auto entries = tenants::make_postgres_import_store(*db);
  tenants::account_import import(*entries, *accounts, *users, keys, catalogue);
  asio::io_context io(1);
  return run_task(io, import.run(std::move(rows), c.options));
}

std::string outcome_of(const tenants::import_outcome& row, const import_command& c) {
  if (!row.problem.empty()) return row.problem;
  if (row.account.valid()) return "imported, waits for approval";
  return c.options.dry_run ? "would be imported" : "not imported: another row has a problem";
}

void print(const global_options& global, const tenants::import_report& report, const import_command& c) {
  json rows = json::array();
  for (const auto& row : report.rows)
    rows.push_back({{"place", row.place},
                    {"user", row.username},
                    {"exchange", row.exchange_name},
                    {"label", row.label},
                    {"api_key", row.api_key_mask},
                    {"account", row.account.valid() ? json(row.account.value) : json()},
                    {"problem", row.problem},
                    {"outcome", outcome_of(row, c)}});
  print_rows(rows, columns, global.output);
}

/// "17=alice"
bool read_pairs(import_command& c) {
  for (const auto& pair : c.user_pairs) {
    const auto equals = pair.find('=');
    if (equals == 0 || equals == pair.npos || equals + 1 == pair.size()) {
      fmt::print(stderr, "engine: --map-user takes THEIRS=OURS, for example --map-user 17=alice, not '{}'\n", pair);
      return false;
    }
    c.options.usernames[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return true;
}

int run_import(const global_options& global, import_command& c) {
  if (!read_pairs(c)) return exit_usage;
  auto s = load_settings(global);
  if (!s) return exit_config;
  const auto catalogue = make_exchange_catalogue(s->exchanges);
  auto rows = read_rows(c, catalogue);
  if (!rows) return give_up(rows.error());
  if (rows->empty()) {
    fmt::print(stderr, "engine: no account in there; is --format {} right?\n", c.format);
    return exit_failed;
  }
  const auto keys = open_engines_ring(*s, c.passphrase_stdin);
  if (!keys) return give_up(keys.error());
  if (auto joined = tenants::join_master_keys(s->database, **keys); !joined) return give_up(joined.error());
  const auto report = store(*s, **keys, catalogue, std::move(*rows), c);
  if (!report) return give_up(report.error());
  print(global, *report, c);
  const auto problems = report->problems();
  if (problems > 0)
    fmt::print(stderr, "engine: {} of {} rows have a problem{}\n", problems, report->rows.size(),
               report->stored || c.options.dry_run ? "" : "; nothing was stored (--skip-problems stores the others)");
  return problems == 0 ? exit_ok : exit_failed;
}

}  // namespace

void add_secrets_commands(CLI::App& app, const global_options& global, std::function<int()>& chosen) {
  const auto c = std::make_shared<import_command>();
  auto* secrets =
      app.add_subcommand("secrets", "Take exchange accounts over from other systems")->require_subcommand(1);
  auto* import =
      secrets->add_subcommand("import", "Store the accounts of files, sealed, all or none; they wait for approval");
  import->add_option("files", c->files, "Files to read; - is standard input, *.gpg are opened by gpg")->required();
  import
      ->add_option("--format", c->format,
                   "env: NAME_API_KEY=… lines; json: rows in clear; cbc: rows with iv:ciphertext (ENCRYPTION_KEY); "
                   "fernet: rows with tokens (BRAIN_CAPITAL_MASTER_KEY)")
      ->required()
      ->check(CLI::IsMember({"env", "json", "cbc", "fernet"}));
  import->add_option("--user", c->options.default_username, "Owner of the accounts that name no user of ours");
  import->add_option("--map-user", c->user_pairs,
                     "THEIRS=OURS: how the other system names or numbers a user. Repeatable");
  import->add_option("--key-file", c->key_file,
                     "File with the key of the other system, instead of its environment variable");
  import->add_flag("--dry-run", c->options.dry_run, "Only say what would happen to each row");
  import->add_flag("--skip-problems", c->options.skip_problems,
                   "Store the rows that are right although others are not");
  import->add_flag(
      "--passphrase-stdin", c->passphrase_stdin,
      "Read passphrases from standard input, a line each: of the gpg files, then of the engine's key file");
  import->callback([&global, &chosen, c] { chosen = [&global, c] { return run_import(global, *c);
};
}  // namespace drover::app
);
}

}  // namespace drover::app
