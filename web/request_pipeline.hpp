#pragma once

#include <memory>

#include "base/rate_limiter.hpp"
#include "web/idempotent_calls.hpp"
#include "web/page_files.hpp"
#include "web/router.hpp"
#include "web/services.hpp"

namespace drover::web {

/// What every request goes through, in this order: request id, rate limit, authentication, authorisation, repetition, handler,
/// security headers, access log, metrics. Limits of size and time are the HTTP server's. Web thread only.
class request_pipeline final : public net::http_handler {
public:
  /// Both outlive the pipeline.
  request_pipeline(services&, const page_files&);

  task<net::http_response> handle(net::http_request) override;
  net::http_response make_error(int status, std::string_view detail) override;

private:
  task<net::http_response> respond(request&, const router::outcome&);
  task<net::http_response> carry_out(request&, const route&);
  task<answer> call(request&, const route&);
  std::optional<problem> admit(request&, const route&, net::http_response& extra);
  void authenticate(request&);
  std::optional<problem> count(const request&, rate_class, header_list& headers);
  std::optional<problem> check_lockdown(const request&, const route&) const;
  std::optional<problem> authorise(const request&, access) const;
  net::http_response respond_without_route(const request&, const router::outcome&) const;
  net::http_response respond_to_options(const request&, const router::outcome&) const;
  void finish(const request&, const router::outcome&, steady_time started, net::http_response&);
  std::string make_request_id(const net::http_request&);

  services& services_;
  const page_files& page_;
  router router_;
  rate_limiter limiter_;
  idempotent_calls repetitions_;
  std::uint64_t id_prefix_, id_count_ = 0;
};

}  // namespace drover::web
