#include "app/cli/backup_command.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/cli/command_keys.hpp"
#include "app/start_checks.hpp"
#include "base/clock.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "crypto/key_file.hpp"
#include "tenants/audit/audit_sealer.hpp"
#include "tenants/backup/backup.hpp"
#include "tenants/keys/master_keys.hpp"

namespace drover::app {
namespace {

struct backup_options {
  std::string file, key_file;
  bool without_raw = false, passphrase_stdin = false, check_only = false;
};

int give_up(const error& e) {
  fmt::print(stderr, "engine: {}\n", describe(e));
  if (is_away(e) || is_unavailable(e)) return exit_unavailable;
  return e.code == crypto::crypto_errc::key_wrong || e.code == crypto::crypto_errc::key_malformed ? exit_config
                                                                                                  : exit_failed;
}

result<std::unique_ptr<crypto::keyring>> open_backup_ring(const backup_options& o) {
  const auto text = read_secret_file(o.key_file);
  if (!text) return std::unexpected(text.error());
  const auto file = crypto::key_file::parse(*text);
  if (!file) return fail(file.error().code, o.key_file + ": " + file.error().detail);
  return open_ring(*file, o.key_file, o.passphrase_stdin);
}

void print(const global_options& global, std::string_view verb, const tenants::backup_counts& counts) {
  if (global.output == "json") {
    fmt::print("{}\n", json{{"tables", counts.tables},
                            {"rows", counts.rows},
                            {"size_bytes", counts.size_bytes},
                            {"created_at", counts.created_at}}
                           .dump());
    return;
  }
  fmt::print("{} {} rows of {} tables, {} bytes, taken {}\n", verb, counts.rows, counts.tables, counts.size_bytes,
             counts.created_at);
}

/// A file that is there only when it is whole.
class new_file {
public:
  static result<new_file> open(const std::string& path) {
    if (std::filesystem::exists(path))
      return fail(errc::io, path + " exists already and is left alone; name another file");
    const auto beside = path + ".part";
    std::error_code ignored;
    std::filesystem::remove(beside, ignored);
    auto opened = system_files().open_append(beside);
    if (!opened) return std::unexpected(opened.error());
    return new_file(path, beside, std::move(*opened));
  }
  result<void> append(std::string_view bytes) { return file_->append(bytes); }
  result<void> keep() {
    if (auto synced = file_->sync(); !synced) return synced;
    std::error_code ec;
    std::filesystem::rename(beside_, path_, ec);
    if (ec) return fail(errc::io, path_ + ": " + ec.message());
    return {};
  }
  void drop() {
    std::error_code ignored;
    std::filesystem::remove(beside_, ignored);
  }

private:
  new_file(std::string path, std::string beside, std::unique_ptr<append_file> file)
      : path_(std::move(path)), beside_(std::move(beside)), file_(std::move(file)) {}
  std::string path_, beside_;
  std::unique_ptr<append_file> file_;
};

int run_backup(const global_options& global, const backup_options& o) {
  auto s = load_settings(global);
  if (!s) return exit_config;
  const auto keys = open_engines_ring(*s, o.passphrase_stdin);
  if (!keys) return give_up(keys.error());
  const auto backup_keys = open_backup_ring(o);
  if (!backup_keys) return give_up(backup_keys.error());
  auto file = new_file::open(o.file);
  if (!file) return give_up(file.error());
  auto written =
      tenants::write_backup(s->database, **keys, **backup_keys, system_random(), {.with_raw_records = !o.without_raw},
                            [&file](std::string_view bytes) { return file->append(bytes); });
  if (written)
    if (auto kept = file->keep(); !kept) written = std::unexpected(kept.error());
  if (!written) {
    file->drop();
    return give_up(written.error());
  }
  print(global, "wrote", *written);
  // The backup is there; that nobody could write it down is worth a word, not a failure.
  if (auto told =
          tenants::audit_operator(s->database, "backup.create", "database", std::to_string(written->rows) + " rows");
      !told)
    fmt::print(stderr, "engine: the audit trail does not know of it: {}\n", describe(told.error()));
  return exit_ok;
}

/// The restored trail ends earlier than what this machine signed before: that would look as if it had been cut off.
void set_heads_aside(const settings& s) {
  const std::filesystem::path folder(s.state_folder);
  const auto heads = folder / tenants::audit_sealer::heads_file;
  if (!std::filesystem::exists(heads)) return;
  const auto aside = folder / ("audit_heads.before-" + to_rfc3339(system_clock().wall_now()) + ".log");
  std::error_code ec;
  std::filesystem::rename(heads, aside, ec);
  if (ec)
    fmt::print(stderr, "engine: {} could not be moved aside ({}); engine audit verify will compare the restored trail with it\n",
               heads.string(), ec.message());
  else
    fmt::print(stderr, "engine: the heads of the audit trail before this restore are in {} now\n", aside.string());
}

int run_restore(const global_options& global, const backup_options& o) {
  const auto backup_keys = open_backup_ring(o);
  if (!backup_keys) return give_up(backup_keys.error());
  if (o.check_only) {
    const auto whole = tenants::verify_backup(o.file, **backup_keys);
    if (!whole) return give_up(whole.error());
    print(global, "whole:", *whole);
    return exit_ok;
  }
  auto s = load_settings(global);
  if (!s) return exit_config;
  const auto keys = open_engines_ring(*s, o.passphrase_stdin);
  if (!keys) return give_up(keys.error());
  const auto restored = tenants::restore_backup(s->owner_database, o.file, **backup_keys, **keys);
  if (!restored) return give_up(restored.error());
  set_heads_aside(*s);
  print(global, "restored", *restored);
  return exit_ok;
}

}  // namespace

void add_backup_commands(CLI::App& app, const global_options& global, std::function<int()>& chosen) {
  const auto o = std::make_shared<backup_options>();
  const auto add = [&](const char* name, const char* help, const char* file_help, std::function<int()> action) {
    auto* command = app.add_subcommand(name, help);
    command->add_option("file", o->file, file_help)->required();
    command->add_option("--key", o->key_file, "Key file of backups (engine key init FILE), not the engine's own")
        ->required();
    command->add_flag(
        "--passphrase-stdin", o->passphrase_stdin,
        "Read the passphrases of key files that have one from standard input, a line each: the engine's first");
    command->callback([&chosen, action = std::move(action)] { chosen = action; });
    return command;
  };
  auto* backup = add("backup", "Write everything the database holds to a sealed file, while the engine runs",
                     "File to write, mode 0600", [&global, o] { return run_backup(global, *o); });
  backup->add_flag("--without-raw", o->without_raw,
                   "Leave out the record of what exchanges said (raw_records), most of a database");
  auto* restore =
      add("restore", "Fill a migrated, empty database from a backup, under the master key of its own engine",
          "File to read", [&global, o] { return run_restore(global, *o); });
  restore->add_flag("--check", o->check_only,
                    "Only read it to its end: says whether it is whole, and touches no database");
}

}  // namespace drover::app
