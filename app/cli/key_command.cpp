#include <fmt/core.h>

#include <cstdio>

#include "app/cli/commands.hpp"
#include "base/files.hpp"
#include "base/random.hpp"
#include "crypto/keyring.hpp"

namespace drover::app {

int run_key_init(const std::string& file, bool token_keys) {
  if (std::filesystem::exists(file)) {
    fmt::print(stderr, "engine key init: {} exists already and is left alone; name another file\n", file);
    return exit_failed;
  }
  std::string text;
  if (token_keys) {
    text = "k1 " + system_random().hex(32) + "\n";
  } else {
    secret hex = crypto::master_key::generate(system_random()).to_hex();
    text = std::string(hex.reveal()) + "\n";
  }
  auto written = system_files().write_atomically(file, text);
  wipe_memory(text.data(), text.size());
  if (!written) {
    fmt::print(stderr, "engine key init: {}\n", written.error().to_string());
    return exit_failed;
  }
  fmt::print("wrote {} (mode 0600); keep a copy where the database backups are not\n", file);
  return exit_ok;
}

}  // namespace drover::app
