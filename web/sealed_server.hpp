#pragma once

#include <memory>

#include "net/http_server.hpp"
#include "web/web_server.hpp"

namespace drover::web {

/// What an engine without its master key answers (SEC-07): it is alive (GET /healthz) and sealed (GET /readyz, 503);
/// whatever else is asked, 503 as problem+json. Nothing of users, accounts or bots is there to be asked.
std::unique_ptr<net::http_server> make_sealed_server(executor, timer_queue&, random_source&, const web_config&);

}  // namespace drover::web
