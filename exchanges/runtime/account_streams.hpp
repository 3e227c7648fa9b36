#pragma once

#include <map>
#include <memory>

#include "exchanges/runtime/private_feed.hpp"
#include "exchanges/runtime/private_session.hpp"

namespace drover::exchanges {

/// A connection for each account, as most venues want it. One that reaches its age is replaced by another that is opened beside it: what
/// both tell may come twice, nothing is missing, and the account hears of no loss. Trading thread only.
class account_streams final : public private_feed {
 public:
  /// Between attempts to read what must be known before a stream is opened.
  static constexpr nanoseconds instruments_retry = 5s;
  static constexpr nanoseconds connect_patience = 60s;
  /// Access is prolonged when this share of its life has passed, and soon again after a failure.
  static constexpr int keep_divisor = 2;
  static constexpr nanoseconds keep_retry = 30s;

  explicit account_streams(const feed_parts&);
  ~account_streams() override;

  slot_id add(handler, std::shared_ptr<key_session>) override;
  void remove(slot_id) override;
  std::size_t connections() const override;
  std::uint64_t reconnects() const override;

 private:
  struct line;
  std::shared_ptr<line> make_line(slot_id, std::shared_ptr<handler>, std::shared_ptr<key_session>);
  void begin_handover(slot_id);
  /// Whether the account hears of it. A standby that is open takes the place of the line before it.
  bool admit(slot_id, line&, const account_event&);
  void retire(line&);
  task<result<stream_target>> find_target(std::shared_ptr<line>);
  task<result<void>> fetch_access(std::shared_ptr<line>);
  task<void> run_line(std::shared_ptr<line>);
  task<void> run_keeper(std::shared_ptr<line>);
  result<std::vector<std::string>> make_frames(key_session&, private_wire&, int stage, const stream_access*);
  void handle_refusal(const key_session&, const error&);
  private_session::parts make_session_parts(const std::shared_ptr<key_session>&, std::function<void(const account_event&)> on_event);

  feed_parts parts_;
  std::map<slot_id, std::shared_ptr<line>> lines_;
  /// Opened beside the line of their slot.
  std::map<slot_id, std::shared_ptr<line>> standbys_;
  std::uint64_t next_slot_ = 1;
  /// Of connections that are gone.
  std::uint64_t past_reconnects_ = 0;
};

}  // namespace drover::exchanges
