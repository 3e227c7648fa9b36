#include "web/sealed_server.hpp"

#include <fmt/format.h>

#include "web/problem.hpp"
#include "web/request.hpp"
#include "web/security_headers.hpp"

namespace drover::web {
namespace {

class sealed_handler final : public net::http_handler {
public:
  sealed_handler(random_source& random, bool behind_tls) : id_prefix_(random.next_u64()), behind_tls_(behind_tls) {}

  task<net::http_response> handle(net::http_request http) override {
    const auto id = fmt::format("{:016x}{:08x}", id_prefix_, ++id_count_);
    auto response = respond(http, id);
    if (!http.body.empty()) wipe_memory(http.body.data(), http.body.size());
    response.headers.emplace_back("X-Request-Id", id);
    add_security_headers(response, content_kind::answer, behind_tls_);
    co_return response;
  }

  net::http_response make_error(int status, std::string_view detail) override {
    auto response = render_problem(make_http_problem(status, detail), "", "");
    add_security_headers(response, content_kind::answer, behind_tls_);
    return response;
  }

private:
  net::http_response respond(const net::http_request& http, const std::string& id) const {
    const bool reads = http.method == "GET" || http.method == "HEAD";
    if (reads && http.path == "/healthz") return json_response(200, R"({"status":"ok"})");
    if (reads && http.path == "/readyz")
      return json_response(503, R"({"status":"sealed","checks":{"master_key":"sealed"}})");
    return render_problem(
        {503,
         "sealed",
         "Sealed",
         "The engine waits for its master key: no bot runs, nothing can be read or changed. An operator unseals it.",
         {},
         {{"Retry-After", "30"}}},
        http.path, id);
  }

  std::uint64_t id_prefix_;
  std::uint32_t id_count_ = 0;
  bool behind_tls_;
};

}  // namespace

std::unique_ptr<net::http_server> make_sealed_server(executor ex, timer_queue& timers, random_source& random,
                                                     const web_config& config) {
  const bool behind_tls = config.behind_tls_proxy || !config.server.tls_certificate_file.empty();
  return net::make_http_server(std::move(ex), timers, config.server,
                               std::make_shared<sealed_handler>(random, behind_tls));
}

}  // namespace drover::web
