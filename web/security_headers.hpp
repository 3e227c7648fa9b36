#pragma once

#include "net/http_server.hpp"

namespace drover::web {

/// Adds what every response carries (SEC-43). `is_page`: files of the page, which run scripts of their own origin and
/// say themselves how long they may be cached; everything else runs nothing and is not stored.
void add_security_headers(net::http_response&, bool is_page, bool behind_tls);

}  // namespace drover::web
