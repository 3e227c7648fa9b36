#include "app/cli/key_command.hpp"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/cli/hidden_input.hpp"
#include "app/cli/operator_client.hpp"
#include "app/cli/rows_output.hpp"
#include "app/start_checks.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "crypto/key_file.hpp"

namespace drover::app {
namespace {

constexpr int memory_least_mib = 8, memory_most_mib = 4096, passes_most = 64;

struct key_options {
  std::string file;
  bool token_keys = false, passphrase = false, passphrase_stdin = false, drop_old = false;
  int memory_mib = 256, passes = 4;

  bool wants_passphrase() const { return passphrase || passphrase_stdin; }
  crypto::passphrase_cost cost() const {
    return {.memory_kib = static_cast<std::uint32_t>(memory_mib) * 1024, .passes = static_cast<std::uint32_t>(passes)};
  }
};
using options_ptr = std::shared_ptr<key_options>;

constexpr std::array key_columns{row_column{"master key", "/id"}, row_column{"state", "/state"}, row_column{"data keys", "/data_keys"}};

int give_up(const std::string& message, int code = exit_failed) {
  fmt::print(stderr, "engine key: {}\n", message);
  return code;
}

/// A key file of another user stays theirs.
result<void> write_key_file(const std::string& path, const secret& text) {
  struct stat before {};
  const bool existed = stat(path.c_str(), &before) == 0;
  auto written = system_files().write_atomically(path, text.reveal());
  if (written && existed && geteuid() == 0 && chown(path.c_str(), before.st_uid, before.st_gid) != 0)
    return fail(errc::io, path + ": its owner could not be kept; run: chown " + std::to_string(before.st_uid) + " " + path);
  return written;
}

result<secret> make_line(const key_options& o, const secret& passphrase) {
  const auto key = crypto::master_key::generate(system_random());
  if (!o.wants_passphrase()) return crypto::make_key_line(key);
  return crypto::make_locked_key_line(key, passphrase, system_random(), o.cost());
}

std::optional<secret> ask_passphrase(const key_options& o) {
  return read_hidden_line("Passphrase: ", "--passphrase-stdin", o.passphrase_stdin);
}

/// Empty when the configured key file has none.
result<secret> ask_passphrase_of_file(const settings& s, const key_options& o) {
  const auto file = read_key_file(s.security);
  if (!file) return std::unexpected(file.error());
  if (!file->is_locked()) return secret();
  auto read = ask_passphrase(o);
  if (!read) return fail(crypto::crypto_errc::passphrase_wrong, "the key file has a passphrase and none was given");
  return std::move(*read);
}

/// At a terminal nobody sees what they type.
bool is_repeated(const key_options& o, const secret& passphrase) {
  if (o.passphrase_stdin) return true;
  const auto again = read_hidden_line("The same again: ", "--passphrase-stdin", false);
  return again && constant_time_equal(again->reveal(), passphrase.reveal());
}

int run_init(const key_options& o) {
  if (std::filesystem::exists(o.file)) return give_up(o.file + " exists already and is left alone; name another file");
  secret passphrase;
  if (o.wants_passphrase()) {
    auto read = ask_passphrase(o);
    if (!read) return exit_usage;
    if (!is_repeated(o, *read)) return give_up("the two passphrases are not the same; nothing was written");
    passphrase = std::move(*read);
  }
  result<secret> line = o.token_keys ? secret("k1 " + system_random().hex(32)) : make_line(o, passphrase);
  if (!line) return give_up(describe(line.error()), exit_usage);
  auto text = secret::of_size(line->size() + 1);
  *std::ranges::copy(line->reveal(), text.mutable_bytes().begin()).out = '\n';
  auto written = system_files().write_atomically(o.file, text.reveal());
  if (!written) return give_up(written.error().to_string());
  fmt::print("wrote {} (mode 0600); keep a copy where the database backups are not\n", o.file);
  return exit_ok;
}

int run_status(const global_options& global) {
  const auto s = load_settings(global);
  if (!s) return exit_config;
  const auto status = call_operator(*s, "status");
  if (!status) return report_call(status.error());
  if (global.output == "json") {
    fmt::print("{}\n", status->dump(2));
    return exit_ok;
  }
  if (status->at("sealed").get<bool>()) {
    fmt::print("sealed\n");
    return exit_ok;
  }
  print_rows(status->at("keys"), key_columns, global.output);
  if (status->at("rotating").get<bool>()) fmt::print(stderr, "a rotation is under way\n");
  return exit_ok;
}

/// The newest key of the file becomes the engine's. One that a rotation before left in the file without getting on with it is
/// used, so that the command may be repeated.
result<void> add_key(const settings& s, const key_options& o, const secret& passphrase, const std::string& engines_key) {
  const auto file = read_key_file(s.security);
  if (!file) return std::unexpected(file.error());
  if (file->ids().front() != engines_key) return {};
  key_options made = o;
  made.passphrase = file->is_locked();
  if (file->is_locked())
    if (auto opened = file->unlock(passphrase); !opened) return std::unexpected(opened.error());
  const auto line = make_line(made, passphrase);
  if (!line) return std::unexpected(line.error());
  return write_key_file(s.security.master_key_path, file->with_first(*line));
}

result<void> drop_keys(const settings& s, const std::vector<std::string>& retired) {
  const auto file = read_key_file(s.security);
  if (!file) return std::unexpected(file.error());
  return write_key_file(s.security.master_key_path, file->without(retired));
}

std::vector<std::string> retired_keys(const json& status) {
  std::vector<std::string> ids;
  for (const auto& key : status.at("keys"))
    if (key.at("state") == "retired") ids.push_back(key.at("id"));
  return ids;
}

int run_rotate(const global_options& global, const key_options& o) {
  const auto s = load_settings(global);
  if (!s) return exit_config;
  auto status = call_operator(*s, "status");
  if (!status) return report_call(status.error());
  if (status->at("sealed").get<bool>()) return give_up("the engine is sealed; run engine unseal first");
  // Before the file gets a key that the next start would take.
  if (const auto refused = status->at("rotation_refused").get<std::string>(); !refused.empty()) return give_up(refused);
  const auto passphrase = ask_passphrase_of_file(*s, o);
  if (!passphrase) return give_up(describe(passphrase.error()), exit_config);
  auto added = add_key(*s, o, *passphrase, status->at("master_key"));
  if (!added) return give_up(describe(added.error()));
  const auto done = call_operator(*s, "rotate", *passphrase);
  if (!done) return report_call(done.error());
  if (o.drop_old) {
    status = call_operator(*s, "status");
    if (!status) return report_call(status.error());
    if (auto dropped = drop_keys(*s, retired_keys(*status)); !dropped) return give_up(describe(dropped.error()));
  }
  if (global.output == "json") {
    fmt::print("{}\n", done->dump());
    return exit_ok;
  }
  fmt::print("master key {} is current; {} data keys wrapped anew, {} refused, {} master keys retired\n",
             done->at("master_key").get<std::string>(), done->at("rewrapped").get<std::int64_t>(), done->at("refused").get<std::int64_t>(),
             done->at("retired").size());
  return done->at("refused").get<std::int64_t>() == 0 ? exit_ok : exit_failed;
}

int run_seal(const global_options& global) {
  const auto s = load_settings(global);
  if (!s) return exit_config;
  const auto sealed = call_operator(*s, "seal");
  if (!sealed) return report_call(sealed.error());
  if (!wait_until_sealed(*s)) return give_up("the engine did not come to rest in time; see its log", exit_unavailable);
  fmt::print("sealed\n");
  return exit_ok;
}

int run_unseal(const global_options& global, const key_options& o) {
  const auto s = load_settings(global);
  if (!s) return exit_config;
  const auto status = call_operator(*s, "status");
  if (!status) return report_call(status.error());
  if (!status->at("sealed").get<bool>()) {
    fmt::print("not sealed\n");
    return exit_ok;
  }
  const auto passphrase = ask_passphrase_of_file(*s, o);
  if (!passphrase) return give_up(describe(passphrase.error()), exit_config);
  const auto done = call_operator(*s, "unseal", *passphrase);
  if (!done) return report_call(done.error());
  fmt::print("unsealed\n");
  return exit_ok;
}

void choose(CLI::App* command, std::function<int()>& chosen, std::function<int()> action) {
  command->callback([&chosen, action = std::move(action)] { chosen = action; });
}

void add_passphrase_option(CLI::App* command, const options_ptr& o) {
  command->add_flag("--passphrase-stdin", o->passphrase_stdin, "Read the passphrase from the first line of standard input");
}

}  // namespace

void add_key_commands(CLI::App& app, const global_options& global, std::function<int()>& chosen) {
  const auto o = std::make_shared<key_options>();
  auto* key = app.add_subcommand("key", "Make, show and change master keys")->require_subcommand(1);
  auto* init = key->add_subcommand("init", "Write a fresh master key (or token signing keys) to a new file");
  init->add_option("file", o->file, "File to write, mode 0600")->required();
  auto* token = init->add_flag("--token", o->token_keys, "Token signing keys instead of a master key");
  auto* passphrase = init->add_flag("--passphrase", o->passphrase, "Keep the master key under a passphrase: the engine starts sealed and waits for engine unseal");
  add_passphrase_option(init, o);
  init->add_option("--memory-mib", o->memory_mib, "Memory that trying one passphrase takes")->check(CLI::Range(memory_least_mib, memory_most_mib))->capture_default_str();
  init->add_option("--passes", o->passes, "Passes over that memory")->check(CLI::Range(1, passes_most))->capture_default_str();
  token->excludes(passphrase);
  choose(init, chosen, [o] { return run_init(*o); });

  choose(key->add_subcommand("status", "The master keys that the database knows, and what each still wraps"), chosen, [&global] { return run_status(global); });
  auto* rotate = key->add_subcommand("rotate", "Put a fresh master key first in the key file and wrap everything by it, while bots trade. May be repeated after a failure");
  rotate->add_flag("--drop-old", o->drop_old, "Remove keys from the file that nothing is wrapped by any more; older backups of the database need them");
  add_passphrase_option(rotate, o);
  choose(rotate, chosen, [&global, o] { return run_rotate(global, *o); });

  choose(app.add_subcommand("seal", "Stop the bots and drop the keys from memory; the process stays, and waits for unseal"), chosen, [&global] { return run_seal(global); });
  auto* unseal = app.add_subcommand("unseal", "Give a sealed engine its keys back: asks for the passphrase of the key file when it has one");
  add_passphrase_option(unseal, o);
  choose(unseal, chosen, [&global, o] { return run_unseal(global, *o); });
}

}  // namespace drover::app
