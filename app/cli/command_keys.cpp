#include "app/cli/command_keys.hpp"

#include "app/cli/hidden_input.hpp"
#include "app/start_checks.hpp"
#include "base/random.hpp"

namespace drover::app {
namespace {

result<std::vector<crypto::master_key>> open_keys(const crypto::key_file& file, const std::string& what,
                                                  bool from_stdin) {
  if (!file.is_locked()) return file.keys();
  const auto passphrase = read_hidden_line(("Passphrase of " + what + ": ").c_str(), "--passphrase-stdin", from_stdin);
  if (!passphrase) return fail(crypto::crypto_errc::passphrase_wrong, "no passphrase was given");
  return file.unlock(*passphrase);
}

}  // namespace

result<std::unique_ptr<crypto::keyring>> open_ring(const crypto::key_file& file, const std::string& what,
                                                   bool from_stdin) {
  auto keys = open_keys(file, what, from_stdin);
  if (!keys) return std::unexpected(keys.error());
  return std::make_unique<crypto::keyring>(std::move(*keys), system_random());
}

result<std::unique_ptr<crypto::keyring>> open_engines_ring(settings& s, bool from_stdin) {
  s.security.master_key.reset();
  if (s.security.master_key_path.empty())
    return fail(crypto::crypto_errc::key_missing, "no master key: name the file as security.master_key_file");
  const auto file = read_key_file(s.security);
  if (!file) return std::unexpected(file.error());
  return open_ring(*file, "the engine's key file", from_stdin);
}

}  // namespace drover::app
