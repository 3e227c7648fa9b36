#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "net/websocket_session.hpp"
#include "tenants/users/user_directory.hpp"
#include "web/ws/messages.hpp"
#include "web/ws/topic.hpp"

namespace drover::web::ws {

class hub;
class user_channel;

/// Close codes of ours besides those of RFC 6455 §7.4.
inline constexpr std::uint16_t close_normal = 1000, close_unsupported = 1003, close_policy = 1008, close_too_big = 1009,
                               close_unauthorized = 4401;

/// The protocol of one dashboard socket: welcome → auth → messages. Small on purpose: a hundred thousand of them may be
/// idle, so it keeps no buffer and no timer; the hub sweeps over all. Web thread only.
class dashboard_session final : public net::websocket_handler, public std::enable_shared_from_this<dashboard_session> {
public:
  /// `caller`: already authenticated at the upgrade. `address` counts while nobody has authenticated.
  dashboard_session(hub&, topic, std::uint64_t id, std::optional<tenants::principal> caller, std::string address);

  void on_open(net::websocket_session&) override;
  void on_message(std::string_view message, bool binary) override;
  void on_close(std::uint16_t code) override;

  topic about() const { return topic_; }
  std::uint64_t id() const { return id_; }
  user_id user() const { return principal_.user; }
  bool is_open() const { return socket_ != nullptr && state_ != state::refused; }
  bool is_authenticated() const { return state_ == state::authenticated; }
  const std::string& waiting_address() const;

  /// Hands a frame to the socket.
  void send(const frame&);
  std::size_t queued_bytes() const { return socket_ ? socket_->queued_bytes() : 0; }
  void close(std::uint16_t code, std::string_view reason);
  /// Says why and closes with 4401.
  void close_unauthorized_because(std::string_view code, std::string_view message);
  /// Does what is due: auth deadline, end of the token's life, heartbeat. `heartbeat` is made once per sweep;
  /// `tell_now`: it says something new.
  void sweep(steady_time now, const frame& heartbeat, bool tell_now);
  bool still_allowed() const;

  // Kept by the hub.
  user_channel* channel = nullptr;
  std::size_t index = 0;
  /// Everything after this number is still to be told (slow reader, or snapshot under way).
  std::optional<std::int64_t> told_until;
  bool snapshot_pending = false;

private:
  enum class state : std::uint8_t { waiting, authenticated, refused };
  void handle_message(std::string_view message);
  void handle_auth(const std::string* token);
  void accept(tenants::principal);
  void complain(std::string_view code, std::string_view message);
  bool count_message();

  hub& hub_;
  net::websocket_session* socket_ = nullptr;
  tenants::principal principal_;
  /// Freed when somebody has authenticated.
  std::unique_ptr<std::string> address_;
  std::uint64_t id_;
  steady_time opened_at_, heartbeat_due_;
  std::uint16_t messages_since_sweep_ = 0;
  std::uint8_t complaints_ = 0;
  topic topic_;
  state state_ = state::waiting;
};

}  // namespace drover::web::ws
