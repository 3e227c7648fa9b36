#pragma once

#include <memory>
#include <optional>

#include "base/json.hpp"
#include "base/secret.hpp"
#include "exchanges/paper/dialect.hpp"
#include "net/http_server.hpp"

namespace drover::exchanges::paper {

/// The /paper/ endpoints (README.md): accounts, state for checkers, faults, price. From loopback only, and with the bearer
/// token when there is one. Errors are {"error": "..."}.
class control_api {
 public:
  static constexpr std::size_t bulk_limit = 100'000;

  control_api(simulated_venue& venue, std::vector<dialect*> dialects, std::optional<secret> token)
      : venue_(venue), dialects_(std::move(dialects)), token_(std::move(token)) {}
  net::http_response handle(const net::http_request&);

 private:
  bool is_allowed(const net::http_request&) const;
  net::http_response get_limits() const;
  net::http_response post_limits(const json& body);
  net::http_response get_venues() const;
  net::http_response dispatch(const net::http_request&);
  simulated_venue& venue_;
  std::vector<dialect*> dialects_;
  std::optional<secret> token_;
};

}  // namespace drover::exchanges::paper
