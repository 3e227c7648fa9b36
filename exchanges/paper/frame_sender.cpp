#include "exchanges/paper/frame_sender.hpp"

#include <utility>

namespace drover::exchanges::paper {

void frame_sender::send(frame f) {
  if (session_ == nullptr || silent_) return;
  if (!venue_.faults().empty() || held_) return send_faulty(std::move(f));
  hand_over(f);
}

/// The session may close the connection and be gone afterwards.
void frame_sender::hand_over(const frame& f) {
  if (session_ == nullptr) return;
  if (f.binary)
    session_->send_binary(f.content);
  else
    session_->send(f.content);
}

void frame_sender::send_faulty(frame f) {
  if (held_) {
    const auto overtaken = *std::exchange(held_, std::nullopt);
    hand_over(f);
    hand_over(overtaken);
    return;
  }
  const auto struck = venue_.faults().strike_frame(venue_name_, path_, venue_.random());
  if (!struck) return hand_over(f);
  if (is_garbage(struck->kind)) return hand_over({std::make_shared<const std::string>(make_garbage(*struck)), f.binary});
  switch (struck->kind) {
    case fault_kind::reset: session_->abort(); return;
    case fault_kind::half_open: silent_ = true; return;
    case fault_kind::reorder_frames: held_ = std::move(f); return;
    case fault_kind::truncated:
      return hand_over({std::make_shared<const std::string>(f.content->substr(0, f.content->size() / 2)), f.binary});
    case fault_kind::duplicate_frames:
      hand_over(f);
      hand_over(f);
      return;
    default: hand_over(f);
  }
}

}  // namespace drover::exchanges::paper
