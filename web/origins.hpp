#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/http_server.hpp"

namespace drover::web {

/// May a page of this request's Origin use our WebSockets? Our own host and the exact allowlist; no Origin at all is
/// not a browser and is allowed; "null" never is (SEC-44, SEC-50).
bool may_open_socket(const net::http_request&, const std::vector<std::string>& allowed_origins);

/// The allowed Origin of a cross-origin request, else empty.
std::string_view find_allowed_origin(const net::http_request&, const std::vector<std::string>& allowed_origins);

}  // namespace drover::web
