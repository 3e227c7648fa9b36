#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "net/http_server.hpp"

namespace drover::web {

/// One field of the request that is not acceptable. `pointer` is a JSON pointer ("/api_key"), or the name of a query
/// parameter.
struct field_error {
  std::string pointer, detail;
};

/// A refusal as RFC 9457 tells it. `type` is the stable machine code, a literal without the urn prefix.
struct problem {
  int status = 500;
  std::string_view type = "internal";
  std::string title;
  /// Fit for the person who caused it.
  std::string detail;
  std::vector<field_error> errors{};
  /// Added to the response: WWW-Authenticate, Retry-After, Allow.
  header_list headers{};
};

/// What a handler gives back.
using answer = std::expected<net::http_response, problem>;

/// The one mapping from errors of the services to HTTP. Never shows the detail of internal errors.
problem to_problem(const error&);
/// True for errors that somebody has to look at: to be logged with their detail.
bool is_internal(const error&);
/// 401 for a bearer token that is missing (no error) or not good (RFC 6750 §3.1).
problem to_unauthorized(const error* token_error);

problem make_not_found();
problem make_validation_problem(std::vector<field_error>);
problem make_validation_problem(std::string pointer, std::string detail);
/// A refusal that the framing of HTTP asks for: 400, 405, 413, 415, 426, 431, 503 …
problem make_http_problem(int status, std::string_view detail);

/// Shorthand of handlers: `co_return refuse(outcome.error())`.
inline std::unexpected<problem> refuse(const error& e) {
  return std::unexpected(to_problem(e));
}
inline std::unexpected<problem> refuse(problem p) {
  return std::unexpected(std::move(p));
}

/// application/problem+json with the members of RFC 9457 and error, detail, code (a string) and request_id.
net::http_response render_problem(const problem&, std::string_view instance, std::string_view request_id);

}  // namespace drover::web
