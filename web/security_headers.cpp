#include "web/security_headers.hpp"

#include <string>
#include <string_view>

namespace drover::web {

namespace {

constexpr std::string_view page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";
constexpr std::string_view own_workers = "; worker-src 'self' blob:";
constexpr std::string_view answer_policy = "default-src 'none'; frame-ancestors 'none'";

std::string policy_of(content_kind kind) {
  if (kind == content_kind::answer) return std::string(answer_policy);
  return kind == content_kind::page ? std::string(page_policy) : std::string(page_policy) + std::string(own_workers);
}

}  // namespace

void add_security_headers(net::http_response& response, content_kind kind, bool behind_tls) {
  auto& headers = response.headers;
  headers.emplace_back("Content-Security-Policy", policy_of(kind));
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  headers.emplace_back("Referrer-Policy", "no-referrer");
  headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  if (behind_tls) headers.emplace_back("Strict-Transport-Security", "max-age=31536000; includeSubDomains");
  if (find_header(headers, "Cache-Control").empty()) headers.emplace_back("Cache-Control", "no-store");
}

}  // namespace drover::web
