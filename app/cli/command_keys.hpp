#pragma once

#include <memory>
#include <string>

#include "app/settings.hpp"
#include "crypto/key_file.hpp"
#include "crypto/keyring.hpp"

/// The master keys, for a command. Errors are crypto_errc and errc, and say what to do.
namespace drover::app {

/// The keys of a file; asks for its passphrase when it has one. `what` names the file for the person who is asked.
result<std::unique_ptr<crypto::keyring>> open_ring(const crypto::key_file&, const std::string& what, bool from_stdin);
/// Those of the engine that the settings are of.
result<std::unique_ptr<crypto::keyring>> open_engines_ring(settings&, bool from_stdin);

}  // namespace drover::app
