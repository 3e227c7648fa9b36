#pragma once

#include <filesystem>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace drover::app {

/// What the program gpg makes of a file that was sealed with a passphrase (`gpg --symmetric`). Blocking.
/// errc::not_found without gpg, errc::io when it fails; its own words go to standard error.
result<secret> open_gpg_file(const std::filesystem::path&, const secret& passphrase, std::size_t limit_bytes);

}  // namespace drover::app
