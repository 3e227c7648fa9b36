#include "app/cli/audit_command.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/start_checks.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "tenants/audit/audit_sealer.hpp"
#include "tenants/audit/audit_trail.hpp"

namespace drover::app {
namespace {

constexpr std::size_t keys_limit_bytes = 1024 * 1024;

struct audit_options {
  /// An exported trail instead of the database.
  std::string file;
  std::vector<std::string> head_files;
  std::string key_file;
};

int give_up(const error& e) {
  fmt::print(stderr, "engine audit: {}\n", describe(e));
  return is_away(e) || is_unavailable(e) ? exit_unavailable : exit_failed;
}

/// What verify compares the trail with.
struct evidence {
  std::vector<tenants::audit_head> heads;
  std::optional<tenants::audit_keys> keys;
};

result<tenants::audit_keys> read_keys(const std::string& path) {
  const auto text = system_files().read(path, keys_limit_bytes);
  if (!text) return std::unexpected(text.error());
  auto keys = tenants::audit_keys::parse(*text);
  if (!keys) return fail(keys.error().code, path + " " + keys.error().detail);
  return keys;
}

/// Files that were named must be there; those of the state folder are taken when they are.
result<evidence> gather(const audit_options& o, const std::string& state_folder) {
  evidence out;
  const auto usual = [&](const char* name) {
    const auto path = std::filesystem::path(state_folder) / name;
    return !state_folder.empty() && std::filesystem::exists(path) ? path.string() : std::string();
  };
  auto head_files = o.head_files;
  if (head_files.empty())
    if (auto path = usual(tenants::audit_sealer::heads_file); !path.empty()) head_files.push_back(std::move(path));
  for (const auto& path : head_files) {
    auto heads = tenants::read_head_file(path);
    if (!heads) return std::unexpected(heads.error());
    out.heads.insert(out.heads.end(), heads->begin(), heads->end());
  }
  const auto key_file = o.key_file.empty() ? usual(tenants::audit_sealer::keys_file) : o.key_file;
  if (key_file.empty()) return out;
  auto keys = read_keys(key_file);
  if (!keys) return std::unexpected(keys.error());
  out.keys = std::move(*keys);
  return out;
}

json to_json(const tenants::trail_verdict& v) {
  json out{{"intact", !v.fault},
           {"rows", v.summary.rows},
           {"heads", v.summary.heads},
           {"signed_to", v.summary.signed_to},
           {"trusted_own_keys", v.trusted_own_keys}};
  if (v.summary.signed_at) out["signed_at"] = to_rfc3339(*v.summary.signed_at);
  if (v.fault) out["fault"] = {{"seq", v.fault->seq}, {"what", v.fault->what}};
  return out;
}

int print(const global_options& global, const tenants::trail_verdict& v) {
  if (v.trusted_own_keys && v.summary.heads > 0)
    fmt::print(stderr,
               "engine audit: heads were checked with the keys that the trail itself holds; name your copy with "
               "--public-key\n");
  if (global.output == "json")
    fmt::print("{}\n", to_json(v).dump(2));
  else if (v.fault)
    fmt::print("TAMPERED: {}\n", v.fault->what);
  else if (v.summary.signed_to == 0)
    fmt::print("{} rows follow from each other; no head signs them yet\n", v.summary.rows);
  else
    fmt::print("{} rows, nothing changed; {} heads, row {} signed at {}\n", v.summary.rows, v.summary.heads,
               v.summary.signed_to, to_rfc3339(*v.summary.signed_at));
  return v.fault ? exit_failed : exit_ok;
}

int run_verify(const global_options& global, const audit_options& o) {
  std::string state_folder;
  std::function<result<void>(tenants::trail_visitor&)> read;
  if (o.file.empty()) {
    const auto s = load_settings(global);
    if (!s) return exit_config;
    state_folder = s->state_folder;
    read = [database = s->database](tenants::trail_visitor& to) { return tenants::read_trail(database, to); };
  } else {
    read = [path = std::filesystem::path(o.file)](tenants::trail_visitor& to) { return tenants::read_trail(path, to); };
  }
  // Before the trail: a head that is written meanwhile has its row in the trail.
  auto known = gather(o, state_folder);
  if (!known) return give_up(known.error());
  const auto verdict = tenants::verify_trail(read, std::move(known->heads), std::move(known->keys));
  if (!verdict) return give_up(verdict.error());
  return print(global, *verdict);
}

int run_export(const global_options& global, const audit_options& o) {
  const auto s = load_settings(global);
  if (!s) return exit_config;
  if (std::filesystem::exists(o.file))
    return give_up({errc::io, o.file + " exists already and is left alone; name another file"});
  auto file = system_files().open_append(o.file);
  if (!file) return give_up(file.error());
  tenants::trail_writer writer([&file](std::string_view line) { return (*file)->append(line); });
  auto done = tenants::read_trail(s->database, writer);
  if (done) done = writer.finish();
  if (done) done = (*file)->sync();
  if (!done) {
    std::error_code ignored;
    std::filesystem::remove(o.file, ignored);
    return give_up(done.error());
  }
  fmt::print("wrote {} rows to {}\n", writer.rows(), o.file);
  return exit_ok;
}

int run_keys(const global_options& global) {
  const auto s = load_settings(global);
  if (!s) return exit_config;
  const auto text =
      system_files().read(std::filesystem::path(s->state_folder) / tenants::audit_sealer::keys_file, keys_limit_bytes);
  if (!text && text.error().code == errc::not_found)
    return give_up({errc::not_found, "no head was signed yet; the engine signs when it runs"});
  if (!text) return give_up(text.error());
  fmt::print("{}", *text);
  return exit_ok;
}

}  // namespace

void add_audit_commands(CLI::App& app, const global_options& global, std::function<int()>& chosen) {
  const auto o = std::make_shared<audit_options>();
  const auto choose = [&chosen](CLI::App* command, std::function<int()> action) {
    command->callback([&chosen, action = std::move(action)] { chosen = action; });
  };
  auto* audit = app.add_subcommand("audit", "Check, export and prove the audit trail")->require_subcommand(1);
  auto* verify = audit->add_subcommand(
      "verify", "Is every row what it was when it was written? Names the first that is not; exit 1 then");
  verify->add_option("--file", o->file, "An exported trail instead of the database");
  verify->add_option("--heads", o->head_files, "Head files; default: audit_heads.log of state_folder. Repeatable");
  verify->add_option("--public-key", o->key_file,
                     "Public keys (PEM) that heads must be signed by; default: audit_keys.pem of state_folder");
  choose(verify, [&global, o] { return run_verify(global, *o); });
  auto* exported =
      audit->add_subcommand("export", "Write the trail, its hashes and heads to a file that verify --file reads");
  exported->add_option("file", o->file, "File to write, mode 0600")->required();
  choose(exported, [&global, o] { return run_export(global, *o); });
  choose(audit->add_subcommand("keys",
                               "The public keys that heads are signed by; keep a copy where this machine cannot write"),
         [&global] { return run_keys(global); });
}

}  // namespace drover::app
