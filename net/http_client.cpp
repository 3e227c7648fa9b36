#include "net/http_client.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <algorithm>
#include <array>

#include "base/failpoint.hpp"
#include "net/client_pool.hpp"
#include "net/client_socket.hpp"
#include "net/http_text.hpp"
#include "net/response_reader.hpp"
#include "net/tls_context.hpp"

namespace drover::net {

namespace {

using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t read_bytes = 16 * 1024;

bool is_owned_by_client(std::string_view name) {
  static constexpr std::array<std::string_view, 5> owned{"Host", "Content-Length", "Transfer-Encoding", "Connection",
                                                         "User-Agent"};
  return std::any_of(owned.begin(), owned.end(), [&](auto o) { return equals_ignoring_case(o, name); });
}

/// Request line, headers and body; an error for what would not be one request on the wire.
result<std::string> make_request_text(const client_request& request, const url_parts& url,
                                      const std::string& user_agent) {
  if (!is_token(request.method)) return fail(transport_errc::not_sent, "the method is malformed");
  std::string text;
  text.reserve(512 + request.body.size());
  text.append(request.method).append(" ").append(url.target).append(" HTTP/1.1\r\nHost: ").append(make_host_header(url));
  text.append("\r\nUser-Agent: ").append(user_agent).append("\r\n");
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name) || !is_header_value(value)) return fail(transport_errc::not_sent, "a header is malformed");
    if (!is_owned_by_client(name)) text.append(name).append(": ").append(value).append("\r\n");
  }
  const bool may_have_body = request.method != "GET" && request.method != "HEAD" && request.method != "DELETE";
  if (may_have_body || !request.body.empty())
    fmt::format_to(std::back_inserter(text), "Content-Length: {}\r\n", request.body.size());
  return text.append("\r\n").append(request.body);
}

/// What the caller must know when a request fails in the middle.
struct write_outcome {
  error_code ec;
  /// A byte may have left this process.
  bool touched_wire = false;
};

task<write_outcome> write_all(client_socket& connection, const std::string& text) {
  write_outcome outcome;
  if (connection.tls) {
    outcome.touched_wire = true;
    co_await asio::async_write(*connection.tls, asio::buffer(text),
                               asio::redirect_error(asio::use_awaitable, outcome.ec));
    co_return outcome;
  }
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto size = connection.socket.write_some(asio::const_buffer(rest.data(), rest.size()), outcome.ec);
    outcome.touched_wire = outcome.touched_wire || size > 0;
    rest.remove_prefix(size);
    if (outcome.ec == asio::error::interrupted) continue;
    if (outcome.ec == asio::error::would_block)
      co_await connection.socket.async_wait(tcp::socket::wait_write,
                                            asio::redirect_error(asio::use_awaitable, outcome.ec));
    if (outcome.ec) co_return outcome;
  }
  co_return outcome;
}

/// Writes that change something have places to crash at.
task<write_outcome> write_request(client_socket& connection, const std::string& method, const std::string& text) {
  if (method == "GET" || !is_failpoint_armed("net.half_sent")) {
    auto whole = co_await write_all(connection, text);
    if (method != "GET") failpoint("net.before_answer");
    co_return whole;
  }
  const std::string first = text.substr(0, text.size() / 2), rest = text.substr(text.size() / 2);
  auto half = co_await write_all(connection, first);
  failpoint("net.half_sent");
  if (!half.ec) half = co_await write_all(connection, rest);
  co_return half;
}

task<result<client_response>> read_response(client_socket& connection, bool head_request, std::size_t limit_bytes,
                                            bool& reusable) {
  response_reader reader(head_request, limit_bytes);
  std::array<char, read_bytes> buffer;
  while (true) {
    error_code ec;
    std::size_t size = 0;
    if (connection.tls)
      size = co_await connection.tls->async_read_some(asio::buffer(buffer),
                                                      asio::redirect_error(asio::use_awaitable, ec));
    else
      size = co_await connection.socket.async_read_some(asio::buffer(buffer),
                                                        asio::redirect_error(asio::use_awaitable, ec));
    if (size > 0) {
      const auto fed = reader.feed({buffer.data(), size});
      if (!fed) co_return std::unexpected(fed.error());
      if (*fed == response_reader::progress::done) break;
    }
    // A TLS stream that ends without close_notify may have been cut by anybody: not an end of the answer.
    if (ec == asio::error::eof && reader.end_of_stream()) break;
    if (ec) co_return fail(transport_errc::no_answer, "the connection ended before the answer: " + ec.message());
  }
  reusable = reader.is_connection_reusable();
  co_return reader.take();
}

class pooled_http_client final : public http_client {
 public:
  pooled_http_client(executor ex, timer_queue& timers, http_client_config config)
      : timers_(timers),
        config_(std::move(config)),
        pool_(std::make_shared<client_pool>(std::move(ex), timers, config_.connections_per_host, config_.idle_limit)) {}
  ~pooled_http_client() override { pool_->close_idle(); }

  task<result<client_response>> send(client_request request) override;

 private:
  task<result<void>> prepare(client_pool::lease& lease, const url_parts& url, const std::string& source_address,
                             step_deadline& deadline);
  task<result<client_response>> exchange(client_pool::lease& lease, const client_request& request,
                                         const std::string& text, step_deadline& deadline);
  result<std::shared_ptr<asio::ssl::context>> get_tls();

  timer_queue& timers_;
  http_client_config config_;
  std::shared_ptr<asio::ssl::context> tls_;
  std::shared_ptr<client_pool> pool_;
};

task<result<client_response>> pooled_http_client::send(client_request request) {
  const auto url = parse_url(request.url);
  if (!url) co_return fail(transport_errc::not_sent, url.error().detail);
  if (url->scheme != "http" && url->scheme != "https")
    co_return fail(transport_errc::not_sent, "URL: the scheme must be http or https");
  const auto text = make_request_text(request, *url, config_.user_agent);
  if (!text) co_return std::unexpected(text.error());

  step_deadline deadline(timers_, request.deadline);
  auto key = url->scheme + "://" + url->host + ":" + url->port + " " + request.source_address;
  auto lease = co_await pool_->acquire(std::move(key), deadline);
  if (!lease) co_return fail(transport_errc::not_sent, "no connection to " + url->host + " was free in time");
  const auto ready = co_await prepare(*lease, *url, request.source_address, deadline);
  if (!ready) co_return std::unexpected(ready.error());
  auto response = co_await exchange(*lease, request, *text, deadline);
  deadline.set_canceller({});
  co_return response;
}

task<result<void>> pooled_http_client::prepare(client_pool::lease& lease, const url_parts& url,
                                               const std::string& source_address, step_deadline& deadline) {
  if (lease.socket()) co_return result<void>();
  std::shared_ptr<asio::ssl::context> tls;
  if (url.scheme == "https") {
    auto loaded = get_tls();
    if (!loaded) co_return fail(transport_errc::not_sent, loaded.error().detail);
    tls = std::move(*loaded);
  }
  co_return co_await open_socket(lease.replace(), url, source_address, tls, deadline, transport_errc::not_sent);
}

task<result<client_response>> pooled_http_client::exchange(client_pool::lease& lease, const client_request& request,
                                                           const std::string& text, step_deadline& deadline) {
  auto& connection = *lease.socket();
  deadline.set_canceller([&connection] { connection.close(); });
  if (deadline.expired()) co_return fail(transport_errc::not_sent, "deadline passed before the request was written");
  // From here to the first byte nothing is waited for.
  auto withheld = request.why_not ? request.why_not() : std::string();
  if (!withheld.empty()) {
    lease.keep();
    co_return fail(transport_errc::withheld, std::move(withheld));
  }
  const auto written = co_await write_request(connection, request.method, text);
  if (written.ec) {
    const auto code = written.touched_wire ? transport_errc::no_answer : transport_errc::not_sent;
    co_return fail(code, "the request could not be written: " + written.ec.message());
  }
  bool reusable = false;
  auto response = co_await read_response(connection, request.method == "HEAD", request.response_limit_bytes, reusable);
  if (request.method != "GET") failpoint("net.after_answer");
  if (response && reusable && !deadline.expired()) lease.keep();
  if (!response && deadline.expired()) co_return fail(transport_errc::no_answer, "no answer in time");
  co_return response;
}

result<std::shared_ptr<asio::ssl::context>> pooled_http_client::get_tls() {
  if (!tls_) {
    auto made = make_client_tls(config_.ca_file);
    if (!made) return made;
    tls_ = std::move(*made);
  }
  return tls_;
}

}  // namespace

std::unique_ptr<http_client> make_http_client(executor ex, timer_queue& timers, http_client_config config) {
  return std::make_unique<pooled_http_client>(std::move(ex), timers, std::move(config));
}

result<void> check_ca_file(const std::string& ca_file) {
  auto loaded = make_client_tls(ca_file);
  if (!loaded) return std::unexpected(std::move(loaded.error()));
  return {};
}

}  // namespace drover::net
