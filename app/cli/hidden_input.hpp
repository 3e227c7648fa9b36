#pragma once

#include <optional>

#include "base/secret.hpp"

namespace drover::app {

/// Reads one line, without echo when standard input is a terminal. Nothing, and a message that names `option`, when
/// there is no terminal and `from_stdin` is not set.
std::optional<secret> read_hidden_line(const char* prompt, const char* option, bool from_stdin);

}  // namespace drover::app
