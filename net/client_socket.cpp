#include "net/client_socket.hpp"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <vector>

#include "net/tls_context.hpp"

namespace drover::net {

using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t endpoint_limit = 8;

task<std::vector<tcp::endpoint>> resolve(const url_parts& url, step_deadline& deadline, error_code& ec) {
  const auto address = asio::ip::make_address(url.host, ec);
  if (!ec) co_return std::vector<tcp::endpoint>{{address, static_cast<std::uint16_t>(std::stoi(url.port))}};
  const auto ex = co_await asio::this_coro::executor;
  tcp::resolver resolver(ex);
  deadline.set_canceller([&resolver] { resolver.cancel(); });
  const auto found = co_await resolver.async_resolve(url.host, url.port, tcp::resolver::numeric_service,
                                                     asio::redirect_error(asio::use_awaitable, ec));
  deadline.set_canceller({});
  std::vector<tcp::endpoint> endpoints;
  for (const auto& entry : found)
    if (endpoints.size() < endpoint_limit) endpoints.push_back(entry.endpoint());
  co_return endpoints;
}

void bind_to(tcp::socket& socket, const asio::ip::address& source, error_code& ec) {
  // The port is chosen at connect(), per destination: otherwise sockets of one address use up the ephemeral ports of all.
  const int later = 1;
  ::setsockopt(socket.native_handle(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &later, sizeof later);
  socket.bind(tcp::endpoint(source, 0), ec);
}

task<void> connect_from(tcp::socket& socket, std::string source_address, const std::vector<tcp::endpoint>& endpoints,
                        const step_deadline& deadline, error_code& ec) {
  const auto source = asio::ip::make_address(source_address, ec);
  if (ec) co_return;
  ec = asio::error::address_family_not_supported;
  for (const auto& endpoint : endpoints) {
    if (endpoint.address().is_v4() != source.is_v4()) continue;
    error_code ignored;
    socket.close(ignored);
    socket.open(endpoint.protocol(), ec);
    if (!ec) bind_to(socket, source, ec);
    if (!ec) co_await socket.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, ec));
    if (!ec || deadline.expired()) co_return;
  }
}

/// OpenSSL's words for what is wrong with the peer's certificate; empty when that is not why the handshake failed.
std::string certificate_problem(SSL* session) {
  const auto verdict = SSL_get_verify_result(session);
  return verdict == X509_V_OK ? std::string() : X509_verify_cert_error_string(verdict);
}

task<void> shake_hands(client_socket& socket, asio::ssl::context& context, const std::string& host, error_code& ec) {
  socket.tls = std::make_unique<client_tls_stream>(socket.socket, context);
  if (!set_expected_host(socket.tls->native_handle(), host)) {
    ec = asio::error::invalid_argument;
    co_return;
  }
  co_await socket.tls->async_handshake(asio::ssl::stream_base::client, asio::redirect_error(asio::use_awaitable, ec));
}

}  // namespace

step_deadline::step_deadline(timer_queue& timers, nanoseconds limit)
    : timers_(timers), timer_(timers.call_after(limit, [this] {
        expired_ = true;
        if (canceller_) canceller_();
      })) {}

step_deadline::~step_deadline() { timers_.cancel(timer_); }

void client_socket::close() {
  error_code ignored;
  socket.close(ignored);
}

bool client_socket::is_usable() {
  if (!socket.is_open()) return false;
  char byte;
  error_code ec;
  socket.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, ec);
  return ec == asio::error::would_block;
}

task<result<void>> open_socket(client_socket& socket, url_parts url, std::string source_address,
                               std::shared_ptr<asio::ssl::context> tls, step_deadline& deadline,
                               std::error_code code_on_failure) {
  const auto refuse = [&](std::string_view step, const error_code& ec) -> result<void> {
    const auto untrusted = socket.tls && !deadline.expired() ? certificate_problem(socket.tls->native_handle()) : std::string();
    socket.close();
    if (!untrusted.empty())
      return std::unexpected(error(code_on_failure, "the certificate of " + url.host + ":" + url.port + " is not trusted: " + untrusted));
    const auto reason = deadline.expired() ? std::string("deadline passed") : ec.message();
    return std::unexpected(error(code_on_failure, std::string(step) + " " + url.host + ":" + url.port + ": " + reason));
  };
  error_code ec;
  const auto endpoints = co_await resolve(url, deadline, ec);
  if (ec || endpoints.empty() || deadline.expired()) co_return refuse("cannot resolve", ec);
  deadline.set_canceller([&socket] { socket.close(); });
  if (source_address.empty())
    co_await asio::async_connect(socket.socket, endpoints, asio::redirect_error(asio::use_awaitable, ec));
  else
    co_await connect_from(socket.socket, std::move(source_address), endpoints, deadline, ec);
  if (!ec) socket.socket.non_blocking(true, ec);
  if (!ec) socket.socket.set_option(tcp::no_delay(true), ec);
  if (ec || deadline.expired()) co_return refuse("cannot connect to", ec);
  if (tls) {
    co_await shake_hands(socket, *tls, url.host, ec);
    if (ec || deadline.expired()) co_return refuse("TLS handshake failed with", ec);
  }
  co_return result<void>();
}

std::string make_host_header(const url_parts& url) {
  std::string host = url.host.find(':') == url.host.npos ? url.host : "[" + url.host + "]";
  const bool secure = url.scheme == "https" || url.scheme == "wss";
  if (url.port != (secure ? "443" : "80")) host.append(":").append(url.port);
  return host;
}

}  // namespace drover::net
