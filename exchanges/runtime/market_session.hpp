#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "exchanges/protocol/market_wire.hpp"
#include "exchanges/stream_connection.hpp"

namespace drover::exchanges {

/// What one market connection hears. Called from within its stream.
class market_sink {
 public:
  virtual ~market_sink() = default;
  virtual void on_ticker(std::shared_ptr<const book_ticker>) = 0;
  virtual void on_trade(std::shared_ptr<const public_trade>) = 0;
  virtual void on_book(book_update, steady_time now) = 0;
  virtual void on_candle(std::shared_ptr<const candle_update>) = 0;
  /// What was known of the topic is stale.
  virtual void on_stale(const market_topic&) = 0;
};

/// One market connection of any venue: which topics are wanted, asked for, refused; in what bites and how fast they are asked
/// for; pings. No I/O.
///
/// Most venues refuse a request as a whole when one of its topics is bad. Such a request is asked for again in halves until the bad
/// one stands alone; the others live on.
class market_session final : public stream_protocol, private market_events {
 public:
  /// A refused topic is tried again, alone, after the floor, then after twice as long each time.
  static constexpr nanoseconds refusal_floor = 30s, refusal_ceiling = 5min;

  using instrument_source = std::function<std::shared_ptr<const instrument_table>()>;
  /// `name` for the log.
  market_session(std::string name, std::unique_ptr<market_wire>, instrument_source, market_sink&);

  /// The owner pokes the connection afterwards.
  void want(const market_topic&);
  void unwant(const market_topic&);
  /// Ends the subscription and begins it again, for a fresh start of what it tells.
  void renew(const market_topic&);
  bool wants(const market_topic& t) const { return wanted_.contains(t); }
  std::size_t size() const { return wanted_.size(); }
  const std::set<market_topic>& wanted() const { return wanted_; }
  /// Connected, and everything that is wanted was asked for and answered.
  bool settled() const { return connected_ && to_join_.empty() && to_leave_.empty() && open_requests_.empty(); }
  std::uint64_t unreadable_frames() const { return unreadable_; }
  const market_wire& wire() const { return *wire_; }
  /// Topics that the venue refuses, and its words.
  std::vector<std::pair<market_topic, std::string>> refusals() const;
  /// Replaces the wire's own for the next connection.
  void set_ping_interval(std::optional<nanoseconds> interval) { ping_interval_ = interval; }

  bool wants_connection() const override { return !wanted_.empty(); }
  void on_open(steady_time now) override;
  void on_message(std::string_view frame, steady_time now) override;
  void on_close(std::string_view reason, steady_time now) override;
  action next_action(steady_time now) override;

 private:
  struct request {
    bool subscribe = true;
    /// Those that were not answered by themselves.
    std::set<market_topic> topics;
    steady_time sent_at;
    std::uint64_t heard_before = 0;
    bool partly_answered = false;
  };
  struct refusal {
    std::string reason;
    nanoseconds pause{};
    /// None: it is being tried again, or never.
    std::optional<steady_time> retry_at;
  };
  void on_ticker(book_ticker) override;
  void on_trade(public_trade) override;
  void on_book(book_update) override;
  void on_candle(candle, bool closed) override;
  void on_answer(std::int64_t id, std::optional<error> refusal) override;
  void on_topic_answer(const market_topic&, std::optional<error> refusal) override;
  void on_blame(std::int64_t id, const market_topic&, std::optional<error> refusal) override;
  void on_refusal(error) override;
  void on_pong() override {}
  void on_reply_wanted(std::string frame) override;
  void on_broken(std::string reason) override;

  std::vector<market_topic> take_batch(std::set<market_topic>& from) const;
  std::string make_request(bool subscribe, std::vector<market_topic> topics, steady_time now);
  std::size_t bite_of(const market_topic&) const;
  /// The oldest request waits for too long: false when the connection is of no use any more.
  bool settle_unanswered(steady_time now);
  void accept(const market_topic&);
  void refuse(const market_topic&, const error&);
  /// It is never asked for.
  void refuse_for_good(const market_topic&);
  void ask_again(const market_topic&);
  void divide(const std::set<market_topic>&, const error&);
  void admit_refused(steady_time now);
  std::optional<nanoseconds> ping_interval() const;

  std::string name_;
  std::unique_ptr<market_wire> wire_;
  instrument_source instruments_;
  market_sink& sink_;
  std::optional<nanoseconds> ping_interval_;

  std::set<market_topic> wanted_;
  /// Asked for on this connection, answered or not.
  std::set<market_topic> asked_;
  std::set<market_topic> to_join_, to_leave_;
  std::map<market_topic, refusal> refused_;
  /// Topics of refused requests: how many of them one request may name.
  std::map<market_topic, std::size_t> suspects_;
  std::map<std::int64_t, request> open_requests_;
  std::vector<std::string> replies_;
  std::string broken_;
  /// Last update ids: duplicates and late ones are dropped.
  std::unordered_map<std::string, std::int64_t> tickers_;
  std::int64_t next_id_ = 1;
  steady_time now_{}, next_message_at_{}, last_sent_at_{};
  std::uint64_t frames_heard_ = 0;
  std::uint64_t unreadable_ = 0;
  bool connected_ = false;
};

}  // namespace drover::exchanges
