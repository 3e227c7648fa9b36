#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exchanges/market_data_hub.hpp"
#include "exchanges/raw/market_continuity.hpp"
#include "exchanges/runtime/book_keeper.hpp"
#include "exchanges/runtime/market_handover.hpp"
#include "exchanges/runtime/market_session.hpp"
#include "exchanges/runtime/private_feed.hpp"

namespace drover::exchanges {

/// A venue's market data: spreads the wanted topics over connections, keeps order books whole, and tells the hub. A connection that
/// reaches its age is replaced by one that was opened beside it (market_handover). Trading thread only.
class market_feed final {
 public:
  /// A live book that nothing changed for so long is subscribed anew; so is one that never came to life.
  static constexpr nanoseconds book_silence_limit = 60s;
  static constexpr nanoseconds book_check_interval = 10s;
  /// Between two snapshots of a book, and after failed ones at most.
  static constexpr milliseconds snapshot_floor{1'000}, snapshot_ceiling{30'000};
  /// How long opening a connection may wait for the venue's leave.
  static constexpr nanoseconds connect_patience = 60s;
  /// Two connections run side by side for so long at least, and what the old one said is remembered for so long after it.
  static constexpr nanoseconds overlap_least = 2s, overlap_memory = 10s;
  static constexpr nanoseconds handover_check_interval = 500ms;

  explicit market_feed(const feed_parts&);
  ~market_feed();

  market_data_hub& hub() { return hub_; }

  std::uint64_t reconnects() const;
  std::uint64_t handovers() const { return handovers_done_; }
  /// Since the last frame of the most silent connection that is wanted.
  std::optional<milliseconds> silence(steady_time now) const;
  std::optional<steady_time> last_frame_at() const;
  /// Which topics the venue refuses and why, fit to be shown; empty when none. At most so many are named.
  static constexpr std::size_t named_refusals = 5;
  std::string describe_refusals() const;

 private:
  struct line;
  struct kept_book;
  struct handover;
  void on_ticker(line&, std::shared_ptr<const book_ticker>);
  void on_trade(line&, std::shared_ptr<const public_trade>);
  void on_book(line&, book_update, steady_time now);
  void on_candle(line&, std::shared_ptr<const candle_update>);
  void on_stale(line&, const market_topic&);

  void change_interest(const market_topic&, bool wanted);
  void leave_topic(const market_topic&);
  line& find_line(market_channel);
  line& add_line(int group);
  task<result<stream_target>> find_target(line*);
  void publish(kept_book&, steady_time now);
  void publish(std::shared_ptr<const public_trade>);
  void publish(std::shared_ptr<const candle_update>);
  bool agrees(const kept_book&, std::uint32_t checksum) const;
  void lose(kept_book&, std::string_view reason);
  void start_over(kept_book&);
  task<void> run_snapshot(std::shared_ptr<kept_book>);
  void check_books();
  void schedule_check();

  handover* find_handover(const line&);
  void begin_handover(line& old);
  /// The books of the new connection, where the whole comes from elsewhere: from the old one's.
  void join_book(handover&, const std::string& symbol);
  void check_handovers();
  bool is_ready(const handover&, steady_time now) const;
  void switch_over(handover&, steady_time now);
  void schedule_handovers();

  feed_parts parts_;
  std::string stream_;
  std::vector<std::unique_ptr<line>> lines_;
  std::map<market_topic, line*> places_;
  /// By canonical symbol.
  std::map<std::string, std::shared_ptr<kept_book>, std::less<>> books_;
  std::optional<timer_id> check_, handover_check_;
  std::vector<std::unique_ptr<handover>> handovers_;
  std::uint64_t handovers_done_ = 0;
  market_continuity continuity_;
  market_data_hub hub_;
};

}  // namespace drover::exchanges
