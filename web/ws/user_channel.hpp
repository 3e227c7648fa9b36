#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "web/ws/messages.hpp"
#include "web/ws/topic.hpp"

namespace drover::web::ws {

class dashboard_session;

/// One message of a user, as it is kept for resume.
struct channel_message {
  std::int64_t seq = 0;
  topic_mask topics = 0;
  /// Messages with equal keys overtake each other: only the last one is the state.
  std::string key;
  frame text;
};

/// The messages and open sockets of one user. Sequence numbers rise by one per message. Web thread only.
class user_channel {
public:
  user_channel(user_id user, std::int64_t first_seq) : user_(user), seq_(first_seq) {}

  user_id user() const { return user_; }
  /// Of the newest message.
  std::int64_t seq() const { return seq_; }
  std::int64_t next_seq() { return ++seq_; }
  /// Keeps `message` (the oldest goes when there are more than `limit`) and answers the kept one.
  const channel_message& keep(channel_message message, std::size_t limit);

  /// True when every message after `seq` is still there (or there is none).
  bool covers(std::int64_t seq) const;
  /// Messages after `seq` that a socket of `t` hears, oldest first.
  std::vector<frame> messages_after(std::int64_t seq, topic t) const;
  /// The same without those that a later one has overtaken.
  std::vector<frame> latest_after(std::int64_t seq, topic t) const;

  std::vector<dashboard_session*> sessions;
  /// When the last socket went.
  std::optional<steady_time> empty_since;

private:
  user_id user_;
  std::int64_t seq_;
  std::vector<channel_message> kept_;
};

}  // namespace drover::web::ws
