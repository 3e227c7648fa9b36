#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "app/settings.hpp"
#include "crypto/keyring.hpp"

namespace drover::app {

/// The process without its master keys (SEC-07): it is alive, refuses everything else, and takes `engine unseal` from
/// the operator's socket. Nothing of the engine is built, so that there is nothing to run and nothing to open.
///
/// Everything on the caller's thread; a passphrase is tried on a worker.
class sealed_engine {
public:
  explicit sealed_engine(const settings&);
  ~sealed_engine();
  /// Listens on the web's address and on the operator's socket.
  result<void> start();
  std::uint16_t port() const;
  /// Blocks until it is unsealed, and answers the keys, the current one first; nothing after SIGTERM or SIGINT.
  std::optional<std::vector<crypto::master_key>> run_until_unsealed();

private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace drover::app
