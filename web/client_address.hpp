#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/http_server.hpp"

namespace drover::web {

/// Who sent the request: the peer, or, when the peer is one of `trusted_proxies`, the last address of X-Forwarded-For
/// that is not itself a trusted proxy. Headers of anybody else are ignored.
std::string find_client_address(const net::http_request&, const std::vector<std::string>& trusted_proxies);

/// What rate limits count: the address, or the /64 of an IPv6 one.
std::string rate_key_of(std::string_view address);

bool is_loopback(std::string_view address);

}  // namespace drover::web
