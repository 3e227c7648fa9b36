#pragma once

#include <map>
#include <string>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace drover::app {

struct token_keys {
  std::map<std::string, secret> keys;
  std::string active;
};

/// Reads lines "<key id> <64 hex digits>"; the first one is active. The error names the line, never its content.
result<token_keys> parse_token_keys(const secret& text);

}  // namespace drover::app
