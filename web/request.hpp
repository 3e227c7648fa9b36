#pragma once

#include <array>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "net/http_server.hpp"
#include "tenants/users/user_directory.hpp"
#include "web/problem.hpp"

namespace drover::web {

/// A request on its way through the pipeline. Lives until its response is sent; handlers take it by reference.
struct request {
  net::http_request http;
  /// From X-Request-Id, or made here; in the response, in errors and in the log.
  std::string id;
  /// The peer, or who the trusted proxy says it is.
  std::string client_address;
  /// Values of the pattern's {…}, in order; views into http.path.
  std::array<std::string_view, 2> parameters;
  /// Set when the bearer token is good.
  std::optional<tenants::principal> caller;
  /// Set when a bearer token came and is not good.
  std::optional<error> token_error;

  user_id caller_id() const { return caller ? caller->user : user_id{}; }
  /// A parameter that must be the id of something: anything but a positive number is 404, as a foreign id is.
  std::expected<std::int64_t, problem> id_parameter(std::size_t index = 0) const;
};

/// The bearer token of the Authorization header, or nothing.
std::optional<std::string_view> find_bearer_token(const net::http_request&);

net::http_response json_response(int status, std::string body);
net::http_response empty_response(int status);
/// Told from memory while the database is away (`X-Stale: true`).
void mark_stale(net::http_response&);
/// The database does not answer now; what was told last may be told again.
bool is_unavailable(const error&);

}  // namespace drover::web
