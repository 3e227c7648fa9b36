#pragma once

#include "net/http_server.hpp"

namespace drover::web {

/// What a browser may do with a response. answer: run nothing, keep nothing. page: files that run scripts of their own
/// origin and say themselves how long they may be cached. searchable_page: a page that also searches in a worker which it
/// makes itself (/redoc).
enum class content_kind { answer, page, searchable_page };

/// Adds what every response carries (SEC-43).
void add_security_headers(net::http_response&, content_kind, bool behind_tls);

}  // namespace drover::web
