#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "base/backoff.hpp"
#include "exchanges/exchange.hpp"
#include "exchanges/instrument_table.hpp"
#include "exchanges/raw/account_coverage.hpp"
#include "exchanges/runtime/private_feed.hpp"
#include "exchanges/stream_connection.hpp"

namespace drover::exchanges::binance {

/// One WebSocket API connection that carries the user data streams of many accounts, told apart by subscriptionId. No I/O.
class user_stream final : public stream_protocol {
 public:
  /// Accounts on one connection: ten thousand need twenty sockets.
  static constexpr std::size_t account_limit = 500;
  /// Subscribes leave in batches: a connection is full after half a second.
  static constexpr std::size_t batch_limit = 50;
  static constexpr nanoseconds batch_interval = 50ms;
  static constexpr std::size_t unanswered_limit = 200;
  /// A request without an answer for so long means a broken connection.
  static constexpr nanoseconds answer_limit = 10s;
  /// Waits of one account after its subscription was refused.
  static constexpr milliseconds refusal_floor{2'000}, refusal_ceiling{300'000};

  struct parts {
    random_source& random;
    /// The signed subscribe frame, or why there is none (credentials cannot be opened).
    std::function<result<std::string>(slot_id, std::string_view request_id)> make_subscribe;
    /// Takes a request's weight from the venue's budget, or says how long to wait.
    std::function<std::optional<nanoseconds>(int weight)> take_weight;
    std::function<std::shared_ptr<const instrument_table>()> instruments;
    std::function<wall_time()> server_now;
    std::function<void(slot_id, const account_event&)> on_event;
    /// A subscription was refused with this error (rate limits and clock concern more than the account).
    std::function<void(const error&)> on_refusal;
    /// Where gaps are noted; outlives the stream. May be null.
    account_coverage* coverage = nullptr;
  };
  explicit user_stream(parts);

  /// The owner pokes the connection afterwards. `label` goes into the raw records.
  void add(slot_id, std::string label);
  void remove(slot_id);
  std::size_t size() const { return slots_.size(); }
  std::size_t active() const { return by_subscription_.size(); }
  std::uint64_t unreadable_frames() const { return unreadable_; }

  bool wants_connection() const override { return !slots_.empty(); }
  void on_open(steady_time now) override;
  void on_message(std::string_view frame, steady_time now) override;
  void on_close(std::string_view reason, steady_time now) override;
  action next_action(steady_time now) override;
  std::string_view account_of(std::string_view frame) const override;
  bool notes_gaps() const override { return parts_.coverage != nullptr; }

 private:
  struct slot {
    std::string label;
    backoff refusals{refusal_floor, refusal_ceiling};
    /// Set while it waits to be subscribed.
    std::optional<steady_time> due;
    std::optional<std::uint64_t> request;
    std::optional<std::int64_t> subscription;
  };
  struct waiting_slot {
    steady_time due;
    slot_id id;
    friend auto operator<=>(const waiting_slot&, const waiting_slot&) = default;
  };
  void make_wait(slot_id, slot&, steady_time due);
  void send_subscribe(slot_id, slot&, steady_time now, std::vector<std::string>& frames);
  void handle_answer(const struct user_answer&, steady_time now);
  void handle_refusal(slot_id, const error&, steady_time now);
  void lose(slot_id, slot&, std::string_view reason);
  /// Notes what it means for the account's record, then tells its owner.
  void tell(slot_id, const account_event&);
  slot_id find_request(std::string_view request_id) const;
  slot_id find_subscription(std::int64_t subscription_id) const;

  parts parts_;
  std::unordered_map<slot_id, slot> slots_;
  std::set<waiting_slot> waiting_;
  std::unordered_map<std::int64_t, slot_id> by_subscription_;
  /// Sent and not answered, by request id (they count up, so the first is the oldest).
  struct open_request {
    slot_id slot;
    steady_time sent_at;
  };
  std::map<std::uint64_t, open_request> open_requests_;
  std::vector<std::int64_t> to_unsubscribe_;
  std::uint64_t next_request_ = 1;
  steady_time next_batch_at_{}, now_{};
  std::uint64_t unreadable_ = 0;
};

}  // namespace drover::exchanges::binance
