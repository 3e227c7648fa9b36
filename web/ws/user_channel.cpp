#include "web/ws/user_channel.hpp"

#include <algorithm>

namespace drover::web::ws {

const channel_message& user_channel::keep(channel_message message, std::size_t limit) {
  if (kept_.size() >= std::max<std::size_t>(1, limit)) kept_.erase(kept_.begin());
  return kept_.emplace_back(std::move(message));
}

bool user_channel::covers(std::int64_t seq) const {
  if (seq == seq_) return true;
  return seq < seq_ && !kept_.empty() && kept_.front().seq <= seq + 1;
}

std::vector<frame> user_channel::messages_after(std::int64_t seq, topic t) const {
  std::vector<frame> out;
  for (const auto& m : kept_)
    if (m.seq > seq && (m.topics & mask_of(t))) out.push_back(m.text);
  return out;
}

std::vector<frame> user_channel::latest_after(std::int64_t seq, topic t) const {
  std::vector<frame> out;
  for (auto m = kept_.begin(); m != kept_.end(); ++m) {
    if (m->seq <= seq || !(m->topics & mask_of(t))) continue;
    bool overtaken = std::any_of(m + 1, kept_.end(), [&](const auto& later) { return later.key == m->key; });
    if (!overtaken) out.push_back(m->text);
  }
  return out;
}

}  // namespace drover::web::ws
