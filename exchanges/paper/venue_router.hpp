#pragma once

#include <span>
#include <vector>

#include "base/timer.hpp"
#include "exchanges/paper/control_api.hpp"
#include "exchanges/paper/dialect.hpp"

namespace drover::exchanges::paper {

/// One port: control calls under /paper/, dialects under /<name>/, everything else goes to the dialect at the root. Faults
/// strike here, for every dialect alike. Server's thread.
class venue_router final : public net::http_handler {
 public:
  /// All outlive the server.
  venue_router(simulated_venue&, control_api&, dialect& root, std::span<dialect* const> prefixed, timer_queue&);

  task<net::http_response> handle(net::http_request) override;
  net::http_response make_error(int status, std::string_view detail) override;

 private:
  task<net::http_response> handle_faulty(dialect&, net::http_request, std::string prefix, fault);
  task<void> pause(nanoseconds);

  simulated_venue& venue_;
  control_api& control_;
  dialect& root_;
  std::vector<dialect*> prefixed_;
  timer_queue& timers_;
};

}  // namespace drover::exchanges::paper
