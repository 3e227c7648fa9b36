#include "exchanges/paper/frame_sender.hpp"

#include <utility>

namespace drover::exchanges::paper {

void frame_sender::send(shared_text text) {
  if (session_ == nullptr || silent_) return;
  if (!venue_.faults().empty() || held_) return send_faulty(std::move(text));
  session_->send(std::move(text));
}

void frame_sender::send_faulty(shared_text text) {
  if (held_) {
    session_->send(std::move(text));
    if (session_ != nullptr) session_->send(std::exchange(held_, nullptr));
    return;
  }
  const auto struck = venue_.faults().strike_frame(path_, venue_.random());
  if (!struck) {
    session_->send(std::move(text));
    return;
  }
  switch (*struck) {
    case fault_kind::reset: session_->abort(); return;
    case fault_kind::half_open: silent_ = true; return;
    case fault_kind::garbage: session_->send(std::make_shared<const std::string>("{\"e\":\"exec\x01")); return;
    case fault_kind::reorder_frames: held_ = std::move(text); return;
    case fault_kind::duplicate_frames:
      session_->send(text);
      if (session_ != nullptr) session_->send(std::move(text));
      return;
    default: session_->send(std::move(text));
  }
}

}  // namespace drover::exchanges::paper
