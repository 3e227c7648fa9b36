#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exchanges/binance/user_stream.hpp"
#include "exchanges/runtime/private_feed.hpp"

namespace drover::exchanges::binance {

/// Spreads the accounts' private streams over as few WebSocket API connections as the venue allows. From a connection that reaches its
/// age they move to others, one by one as they are subscribed there: what both tell may come twice. Trading thread only.
class user_stream_pool final : public private_feed {
 public:
  static constexpr nanoseconds connect_patience = 60s;

  explicit user_stream_pool(const feed_parts&);
  ~user_stream_pool() override;

  slot_id add(handler, std::shared_ptr<key_session>) override;
  void remove(slot_id) override;
  std::size_t connections() const override { return lines_.size(); }
  std::uint64_t reconnects() const override;

 private:
  struct line;
  struct member {
    std::shared_ptr<handler> on_event;
    std::shared_ptr<key_session> keys;
    line* on = nullptr;
    /// Where it moves to.
    line* next = nullptr;
    bool open = false;
  };
  /// Events name instruments, so the table comes first.
  task<void> run_open();
  void place(slot_id);
  line& find_line();
  task<result<stream_target>> find_target();
  user_stream::parts make_parts();
  result<std::string> make_subscribe(slot_id, std::string_view request_id);
  /// Nothing when it was had, else how long to wait.
  std::optional<nanoseconds> take_weight(int weight);
  void deliver(line&, slot_id, const account_event&);
  void begin_handover(line& old);
  bool move_over(line&, slot_id, member&, const account_event&);
  void handle_refusal(const error&);

  feed_parts parts_;
  stream_config config_;
  std::map<slot_id, member> members_;
  std::deque<slot_id> unplaced_;
  std::vector<std::unique_ptr<line>> lines_;
  std::uint64_t next_slot_ = 1;
  bool opening_ = false;
  bool open_ = false;
};

}  // namespace drover::exchanges::binance
