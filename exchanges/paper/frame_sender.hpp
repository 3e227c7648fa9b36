#pragma once

#include <memory>
#include <string>

#include "exchanges/paper/simulated_venue.hpp"
#include "net/websocket_session.hpp"

namespace drover::exchanges::paper {

using shared_text = std::shared_ptr<const std::string>;

/// Sends frames on one WebSocket and lets planned faults strike them. Server's thread.
class frame_sender {
 public:
  frame_sender(simulated_venue& venue, std::string path) : venue_(venue), path_(std::move(path)) {}

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
  /// Nothing leaves any more, though the connection stays.
  void fall_silent() { silent_ = true; }
  bool is_open() const { return session_ != nullptr; }
  net::websocket_session* session() { return session_; }
  void send(shared_text);
  void send(std::string text) { send(std::make_shared<const std::string>(std::move(text))); }

 private:
  void send_faulty(shared_text);
  simulated_venue& venue_;
  std::string path_;
  net::websocket_session* session_ = nullptr;
  /// half_open: nothing leaves any more.
  bool silent_ = false;
  /// reorder_frames: waits for the next frame to overtake it.
  shared_text held_;
};

}  // namespace drover::exchanges::paper
