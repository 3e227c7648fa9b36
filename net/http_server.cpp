#include "net/http_server.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <fmt/format.h>
#include <stdexcept>
#include <utility>

#include "base/task_scope.hpp"
#include "net/http_connection.hpp"
#include "net/http_text.hpp"
#include "net/tls_context.hpp"

namespace drover::net {

namespace {

using boost::system::error_code;

constexpr int backlog = 1024;
/// Pause of the acceptor while the process has no descriptor to give.
constexpr nanoseconds exhausted_pause = 100ms;
/// Descriptors that no connection gets, but at most a quarter of all: databases, exchanges and the spool need some, too.
constexpr rlim_t reserved_descriptors = 256;
/// For connections that were cut: their last completions only need turns of the executor.
constexpr nanoseconds cut_limit = 1s;

io_executor get_io_executor(const executor& ex) {
  const auto* typed = ex.target<io_executor>();
  if (!typed) throw std::invalid_argument("an HTTP server needs the executor of an io_context");
  return *typed;
}

bool is_exhaustion(const error_code& ec) {
  return ec == boost::system::errc::too_many_files_open || ec == boost::system::errc::too_many_files_open_in_system ||
         ec == boost::system::errc::no_buffer_space || ec == boost::system::errc::not_enough_memory;
}

/// The kernel gives the lowest free number, so one from the reserve says that all below are taken.
bool is_from_reserve(int descriptor) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return false;
  return static_cast<rlim_t>(descriptor) >= limit.rlim_cur - std::min(reserved_descriptors, limit.rlim_cur / 4);
}

template <class Stream>
task<void> run_connection(std::unique_ptr<http_connection<Stream>> connection) {
  co_await connection->run();
}

class asio_http_server final : public http_server {
 public:
  asio_http_server(executor ex, timer_queue& timers, http_server_config config, std::shared_ptr<http_handler> handler)
      : core_(std::make_shared<server_core>(get_io_executor(ex), timers, std::move(config), std::move(handler))),
        acceptor_(core_->executor),
        scope_(ex, "http server") {}

  ~asio_http_server() override {
    core_->stop_sweeping();
    cut_all();
  }

  result<void> start() override;
  std::uint16_t port() const override { return port_; }
  task<void> stop(nanoseconds limit) override;
  statistics get_statistics() const override { return core_->counts; }

 private:
  using acceptor = asio::basic_socket_acceptor<asio::ip::tcp, io_executor>;

  result<void> listen();
  task<void> run_acceptor();
  void admit(server_socket socket, const asio::ip::tcp::endpoint& peer);
  void turn_away(server_socket& socket);
  void tell_exhaustion(bool exhausted, const std::string& what);
  bool all_gone() const { return core_->counts.connections == 0; }
  task<void> wait_until_gone(nanoseconds limit);
  void cut_all();

  std::shared_ptr<server_core> core_;
  std::shared_ptr<asio::ssl::context> tls_;
  acceptor acceptor_;
  std::uint16_t port_ = 0;
  bool exhausted_ = false;
  task_scope scope_;
};

result<void> asio_http_server::start() {
  const auto& config = core_->config;
  if (!config.tls_certificate_file.empty() || !config.tls_key_file.empty()) {
    auto tls = make_server_tls(config.tls_certificate_file, config.tls_key_file);
    if (!tls) return std::unexpected(tls.error());
    tls_ = std::move(*tls);
  }
  auto listening = listen();
  if (!listening) return listening;
  scope_.spawn("accept", run_acceptor());
  return {};
}

result<void> asio_http_server::listen() {
  const auto& config = core_->config;
  const auto refuse = [&](const error_code& ec) {
    error_code ignored;
    acceptor_.close(ignored);
    return fail(errc::io, fmt::format("cannot listen on {}:{}: {}", config.address, config.port, ec.message()));
  };
  error_code ec;
  const auto address = asio::ip::make_address(config.address, ec);
  if (ec) return refuse(ec);
  const asio::ip::tcp::endpoint endpoint(address, config.port);
  acceptor_.open(endpoint.protocol(), ec);
  if (!ec) acceptor_.set_option(acceptor::reuse_address(true), ec);
  if (!ec) acceptor_.bind(endpoint, ec);
  if (!ec) acceptor_.listen(backlog, ec);
  if (ec) return refuse(ec);
  port_ = acceptor_.local_endpoint(ec).port();
  return {};
}

task<void> asio_http_server::run_acceptor() {
  while (acceptor_.is_open()) {
    server_socket socket(core_->executor);
    asio::ip::tcp::endpoint peer;
    error_code ec;
    co_await acceptor_.async_accept(socket, peer, asio::redirect_error(asio::use_awaitable, ec));
    if (core_->stopping) co_return;
    if (!ec) {
      admit(std::move(socket), peer);
    } else if (is_exhaustion(ec)) {
      tell_exhaustion(true, ec.message());
      co_await sleep_for(core_->timers, exhausted_pause);
    } else {
      core_->log.debug("a connection was lost before it was accepted", {{"err", ec.message()}});
    }
  }
}

void asio_http_server::admit(server_socket socket, const asio::ip::tcp::endpoint& peer) {
  error_code ec;
  socket.non_blocking(true, ec);
  if (!ec) socket.set_option(asio::ip::tcp::no_delay(true), ec);
  if (ec) return;
  const bool scarce = is_from_reserve(socket.native_handle());
  tell_exhaustion(scarce, "all descriptors but the reserve are taken");
  if (scarce) return turn_away(socket);
  auto lease = core_->lease_address(peer.address());
  if (!lease) return turn_away(socket);
  if (tls_)
    scope_.spawn("https connection", run_connection(std::make_unique<http_connection<tls_server_socket>>(
                                         core_, tls_server_socket(std::move(socket), *tls_), std::move(*lease))));
  else
    scope_.spawn("http connection", run_connection(std::make_unique<http_connection<server_socket>>(
                                        core_, std::move(socket), std::move(*lease))));
}

/// Once, and once when it is over: thousands of clients may come meanwhile.
void asio_http_server::tell_exhaustion(bool exhausted, const std::string& what) {
  if (std::exchange(exhausted_, exhausted) == exhausted) return;
  if (exhausted) core_->log.warn("no connections are accepted for the moment", {{"err", what}});
  if (!exhausted) core_->log.info("connections are accepted again");
}

/// One attempt at saying why, without waiting for anybody.
void asio_http_server::turn_away(server_socket& socket) {
  ++core_->counts.refused;
  if (tls_) return;
  const auto response = core_->handler->make_error(503, "too many connections");
  std::string text;
  if (!append_response_head(response, {false, false, core_->date_header()}, text)) return;
  text += get_response_body(response, false);
  error_code ignored;
  socket.write_some(asio::buffer(text), ignored);
  socket.shutdown(server_socket::shutdown_send, ignored);
}

task<void> asio_http_server::stop(nanoseconds limit) {
  core_->stopping = true;
  error_code ignored;
  acceptor_.close(ignored);
  for (auto& connection : core_->connections) connection.end_if_idle();
  for (auto& session : core_->websockets) session.close(1001, "server is stopping");
  co_await wait_until_gone(limit);
  cut_all();
  scope_.stop();
  co_await wait_until_gone(cut_limit);
  co_await scope_.join();
  core_->stop_sweeping();
}

task<void> asio_http_server::wait_until_gone(nanoseconds limit) {
  const auto deadline = core_->now() + limit;
  while (!all_gone()) {
    const bool notified = co_await core_->departures.wait_until(core_->timers, deadline);
    if (!notified) co_return;
  }
}

void asio_http_server::cut_all() {
  for (auto& connection : core_->connections) connection.cut();
  for (auto& session : core_->websockets) session.abort();
}

}  // namespace

std::unique_ptr<http_server> make_http_server(executor ex, timer_queue& timers, http_server_config config,
                                              std::shared_ptr<http_handler> handler) {
  return std::make_unique<asio_http_server>(std::move(ex), timers, std::move(config), std::move(handler));
}

}  // namespace drover::net
