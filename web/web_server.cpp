#include "web/web_server.hpp"

#include "web/request_pipeline.hpp"

namespace drover::web {

namespace {

class http_web_server final : public web_server {
public:
  http_web_server(web_config config, web_parts parts)
      : services_(std::move(config), std::move(parts)),
        page_(services_.parts.files, services_.config.page_folder),
        http_(net::make_http_server(services_.parts.executor, services_.parts.timers, services_.config.server,
                                    std::make_shared<request_pipeline>(services_, page_))) {
    services_.connections = [this] { return http_->get_statistics(); };
    services_.parts.directory.on_change([weak = std::weak_ptr(services_.sockets)](user_id user) {
      if (auto sockets = weak.lock()) sockets->post_check(user);
    });
  }

  result<void> start() override {
    auto listening = http_->start();
    if (!listening) return listening;
    services_.sockets->start();
    return listening;
  }

  std::uint16_t port() const override { return http_->port(); }
  void publish(engine::earnings_event event) override { services_.sockets->post(std::move(event)); }
  void publish(engine::bot_status status) override { services_.sockets->post(std::move(status)); }
  void user_changed(user_id user) override { services_.sockets->post_check(user); }
  bool is_connected(user_id user) const override { return services_.sockets->is_connected(user); }
  void adopt(const web_config& fresh) override { services_.adopt(fresh); }
  void set_draining() override { services_.draining = true; }

  task<void> stop(nanoseconds limit) override {
    services_.draining = true;
    co_await http_->stop(limit);
    co_await services_.sockets->stop();
  }

private:
  services services_;
  page_files page_;
  std::unique_ptr<net::http_server> http_;
};

}  // namespace

std::unique_ptr<web_server> make_web_server(web_config config, web_parts parts) {
  return std::make_unique<http_web_server>(std::move(config), std::move(parts));
}

}  // namespace drover::web
