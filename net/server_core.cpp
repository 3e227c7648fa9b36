#include "net/server_core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "net/http_text.hpp"

namespace drover::net {

namespace {

constexpr std::size_t scratch_bytes = 64 * 1024;
constexpr nanoseconds shortest_sweep = 10ms;

}  // namespace

server_core::server_core(io_executor ex, timer_queue& t, http_server_config c, std::shared_ptr<http_handler> h)
    : executor(ex), timers(t), config(std::move(c)), handler(std::move(h)), departures(ex), scratch(scratch_bytes) {
  limits = {config.header_limit_bytes, config.target_limit_bytes, config.header_field_limit};
  const auto shortest = std::min({config.header_deadline, config.body_deadline, config.idle_deadline});
  http_sweep_interval_ = std::clamp<nanoseconds>(shortest / 20, shortest_sweep, 250ms);
  websocket_sweep_interval_ = std::clamp<nanoseconds>(config.websocket.ping_interval / 8, shortest_sweep, 1s);
}

address_lease::~address_lease() {
  if (entry_ && --entry_->connections == 0) core_->addresses_.erase(std::string(entry_->text));
}

std::optional<address_lease> server_core::lease_address(const asio::ip::address& address) {
  if (counts.connections >= config.connection_limit) return std::nullopt;
  std::string text;
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    text = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  else
    text = address.to_string();
  auto& entry = addresses_[text];
  if (entry.text.empty()) entry.text = std::move(text);
  const bool is_proxy = std::ranges::find(config.proxies, entry.text) != config.proxies.end();
  if (!is_proxy && entry.connections >= config.connections_per_address) return std::nullopt;
  ++entry.connections;
  return std::optional<address_lease>(std::in_place, *this, entry);
}

std::string_view server_core::date_header() {
  const auto wall = timers.get_clock().wall_now();
  const auto second = std::chrono::floor<seconds>(wall.since_epoch).count();
  if (second != date_second_) {
    date_second_ = second;
    date_ = fmt::format("Date: {}\r\n", to_http_date(wall));
  }
  return date_;
}

void server_core::add(http_connection_base& connection) {
  connections.push_back(connection);
  ++counts.connections;
  arm_http_sweep();
}

void server_core::add(websocket_connection& session) {
  websockets.push_back(session);
  ++counts.connections;
  ++counts.websockets;
  arm_websocket_sweep();
}

void server_core::note_departure() {
  --counts.connections;
  if (stopping) departures.notify();
}

void server_core::arm_http_sweep() {
  if (http_sweep_) return;
  http_sweep_ = timers.call_after(http_sweep_interval_, [weak = weak_from_this()] {
    if (auto core = weak.lock()) core->run_http_sweep();
  });
}

void server_core::arm_websocket_sweep() {
  if (websocket_sweep_) return;
  websocket_sweep_ = timers.call_after(websocket_sweep_interval_, [weak = weak_from_this()] {
    if (auto core = weak.lock()) core->run_websocket_sweep();
  });
}

// Sweeping only cancels and closes: the connections unlink themselves later, from their own completions.
void server_core::run_http_sweep() {
  http_sweep_.reset();
  const auto at = now();
  for (auto& connection : connections) connection.sweep(at);
  if (!connections.empty()) arm_http_sweep();
}

void server_core::run_websocket_sweep() {
  websocket_sweep_.reset();
  const auto at = now();
  for (auto& session : websockets) session.sweep(at);
  if (!websockets.empty()) arm_websocket_sweep();
}

void server_core::stop_sweeping() {
  if (http_sweep_) timers.cancel(*http_sweep_);
  if (websocket_sweep_) timers.cancel(*websocket_sweep_);
  http_sweep_.reset();
  websocket_sweep_.reset();
}

void server_core::flush_soon(boost::intrusive_ptr<websocket_connection> session) {
  to_flush_.push_back(std::move(session));
  if (flush_posted_) return;
  flush_posted_ = true;
  asio::post(executor, [core = shared_from_this()] { core->flush_all(); });
}

void server_core::flush_all() {
  flush_posted_ = false;
  flushing_.swap(to_flush_);
  for (auto& session : flushing_) session->flush();
  flushing_.clear();
}

}  // namespace drover::net
