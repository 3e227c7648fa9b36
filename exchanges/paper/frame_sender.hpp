#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "exchanges/paper/simulated_venue.hpp"
#include "net/websocket_session.hpp"

namespace drover::exchanges::paper {

using shared_text = std::shared_ptr<const std::string>;

/// Sends frames on one WebSocket and lets planned faults strike them. Server's thread.
class frame_sender {
 public:
  /// `venue_name` and `path` are what faults name: the dialect's name, the path of the upgrade without prefix.
  frame_sender(simulated_venue& venue, std::string_view venue_name, std::string path)
      : venue_(venue), venue_name_(venue_name), path_(std::move(path)) {}

  ~frame_sender() { closed(); }
  frame_sender(const frame_sender&) = delete;
  frame_sender& operator=(const frame_sender&) = delete;

  void open(net::websocket_session& s) {
    session_ = &s;
    venue_.add_connection(*this);
  }
  void closed() {
    session_ = nullptr;
    venue_.remove_connection(*this);
  }
  const std::string& path() const { return path_; }
  const std::string& venue_name() const { return venue_name_; }
  /// Nothing leaves any more, though the connection stays.
  void fall_silent() { silent_ = true; }
  bool is_open() const { return session_ != nullptr; }
  net::websocket_session* session() { return session_; }
  void send(shared_text text) { send(frame{std::move(text), false}); }
  void send(std::string text) { send(std::make_shared<const std::string>(std::move(text))); }
  void send_binary(shared_text bytes) { send(frame{std::move(bytes), true}); }
  void send_binary(std::string bytes) { send_binary(std::make_shared<const std::string>(std::move(bytes))); }

 private:
  struct frame {
    shared_text content;
    bool binary = false;
  };
  void send(frame);
  void send_faulty(frame);
  void hand_over(const frame&);
  simulated_venue& venue_;
  std::string venue_name_;
  std::string path_;
  net::websocket_session* session_ = nullptr;
  /// half_open: nothing leaves any more.
  bool silent_ = false;
  /// reorder_frames: waits for the next frame to overtake it.
  std::optional<frame> held_;
};

}  // namespace drover::exchanges::paper
