#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "exchanges/stream_connection.hpp"
#include "exchanges/types.hpp"

namespace drover::exchanges::binance {

/// One combined market stream connection: which instruments are wanted, subscribed, refused. No I/O.
class market_stream final : public stream_protocol {
 public:
  /// The venue's limits: streams a connection, incoming messages a second (5; one is left for pongs).
  static constexpr std::size_t symbol_limit = 1024;
  static constexpr nanoseconds message_interval = 250ms;
  /// Streams named in one SUBSCRIBE.
  static constexpr std::size_t batch_limit = 200;
  /// A SUBSCRIBE without an answer for so long means a broken connection.
  static constexpr nanoseconds answer_limit = 10s;
  /// A refused batch is tried again after this time.
  static constexpr nanoseconds refusal_pause = 30s;

  struct events {
    std::function<void(std::shared_ptr<const book_ticker>)> on_ticker;
    /// What was known of these instruments is stale.
    std::function<void(const std::string& symbol)> on_stale;
  };
  explicit market_stream(events);

  /// Canonical symbols. The owner pokes the connection afterwards.
  void want(const std::string& symbol);
  void unwant(const std::string& symbol);
  bool wants(const std::string& symbol) const { return wanted_.contains(symbol); }
  std::size_t size() const { return wanted_.size(); }
  std::uint64_t unreadable_frames() const { return unreadable_; }

  bool wants_connection() const override { return !wanted_.empty(); }
  void on_open(steady_time now) override;
  void on_message(std::string_view frame, steady_time now) override;
  void on_close(std::string_view reason, steady_time now) override;
  action next_action(steady_time now) override;

 private:
  struct channel {
    std::string symbol;
    std::int64_t last_update_id = 0;
  };
  struct request {
    bool subscribe = true;
    std::vector<std::string> symbols;
    steady_time sent_at;
  };
  std::string make_request(bool subscribe, std::vector<std::string> symbols, steady_time now);
  void handle_answer(std::int64_t id, bool refused, steady_time now);
  bool take_batch(bool subscribe, std::vector<std::string>& out) const;

  events events_;
  std::set<std::string> wanted_;
  /// Asked for on this connection, answered or not.
  std::set<std::string> asked_;
  /// By venue symbol.
  std::unordered_map<std::string, channel> channels_;
  std::map<std::int64_t, request> open_requests_;
  std::int64_t next_id_ = 1;
  steady_time next_message_at_{};
  steady_time subscribe_after_{};
  std::uint64_t unreadable_ = 0;
};

}  // namespace drover::exchanges::binance
