#pragma once

#include <optional>

#include "web/request.hpp"

namespace drover::web {

struct services;

/// Nothing when the caller's password was entered a short while ago (web_config::confirm_after), else 401
/// step-up-required, as RFC 9470 asks for more than a token.
std::optional<problem> ask_for_password(const request&, const services&);

}  // namespace drover::web
