#include <memory>

#include "net/http_client.hpp"
#include "net/tls_context.hpp"
#include "net/websocket_client.hpp"

namespace drover::net {

namespace {

class asio_websocket_connector final : public websocket_connector {
 public:
  asio_websocket_connector(executor ex, timer_queue& timers, http_client_config config)
      : executor_(std::move(ex)), timers_(timers), config_(std::move(config)) {}

  task<result<std::unique_ptr<websocket_client>>> connect(std::string url, websocket_options options) override;

 private:
  result<std::shared_ptr<asio::ssl::context>> get_tls();

  executor executor_;
  timer_queue& timers_;
  http_client_config config_;
  std::shared_ptr<asio::ssl::context> tls_;
};

task<result<std::unique_ptr<websocket_client>>> asio_websocket_connector::connect(std::string url,
                                                                                  websocket_options options) {
  const auto parts = parse_url(url);
  if (!parts) co_return fail(transport_errc::closed, parts.error().detail);
  const bool secure = parts->scheme == "wss";
  if (!secure && parts->scheme != "ws") co_return fail(transport_errc::closed, "URL: the scheme must be ws or wss");
  std::shared_ptr<asio::ssl::context> tls;
  if (secure) {
    auto loaded = get_tls();
    if (!loaded) co_return fail(transport_errc::closed, loaded.error().detail);
    tls = std::move(*loaded);
  }
  step_deadline deadline(timers_, options.handshake_deadline);
  auto connection = std::make_unique<client_socket>(executor_);
  const auto opened = co_await open_socket(*connection, *parts, options.source_address, tls, deadline,
                                           make_error_code(transport_errc::closed));
  if (!opened) co_return std::unexpected(opened.error());
  auto& raw = *connection;
  if (secure)
    co_return co_await shake_websocket_hands(timers_, std::move(connection), *raw.tls, *parts, std::move(options),
                                             config_.user_agent, deadline);
  co_return co_await shake_websocket_hands(timers_, std::move(connection), raw.socket, *parts, std::move(options),
                                           config_.user_agent, deadline);
}

result<std::shared_ptr<asio::ssl::context>> asio_websocket_connector::get_tls() {
  if (!tls_) {
    auto made = make_client_tls(config_.ca_file);
    if (!made) return made;
    tls_ = std::move(*made);
  }
  return tls_;
}

}  // namespace

std::unique_ptr<websocket_connector> make_websocket_connector(executor ex, timer_queue& timers,
                                                              http_client_config config) {
  return std::make_unique<asio_websocket_connector>(std::move(ex), timers, std::move(config));
}

}  // namespace drover::net
