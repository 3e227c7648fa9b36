#include "web/security_headers.hpp"

namespace drover::web {

namespace {

constexpr auto page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";
constexpr auto api_policy = "default-src 'none'; frame-ancestors 'none'";

}  // namespace

void add_security_headers(net::http_response& response, bool is_page, bool behind_tls) {
  auto& headers = response.headers;
  headers.emplace_back("Content-Security-Policy", is_page ? page_policy : api_policy);
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  headers.emplace_back("Referrer-Policy", "no-referrer");
  headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  if (behind_tls) headers.emplace_back("Strict-Transport-Security", "max-age=31536000; includeSubDomains");
  if (find_header(headers, "Cache-Control").empty()) headers.emplace_back("Cache-Control", "no-store");
}

}  // namespace drover::web
