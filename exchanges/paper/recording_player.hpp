#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exchanges/paper/market_data.hpp"
#include "exchanges/paper/recording.hpp"

namespace drover::exchanges::paper {

/// Hears what the recorded market publishes, after the books have taken it in.
class recording_listener {
 public:
  virtual ~recording_listener() = default;
  virtual void on_recorded_depth(instrument_number, const depth_diff&) = 0;
  virtual void on_recorded_top(instrument_number, const top_of_book&) = 0;
  virtual void on_recorded_trade(instrument_number, const market_trade&) = 0;
};

/// Plays recordings into the matching engine: the recorded book becomes the house's liquidity, recorded trades fill
/// orders that rest at or behind their price (matching_engine::print_trade). Files of one instrument follow each other;
/// instruments are merged by the recorder's time. Time is the caller's: it asks when the next event is due and plays it.
class recording_player {
 public:
  /// Names of the recorded instruments ("BTCUSDT") with their files, in the order of `files`.
  struct source {
    std::string venue_symbol;
    std::vector<std::string> files;
  };
  static result<std::vector<source>> find_sources(const std::vector<std::string>& files);

  recording_player(matching_engine&, market_data&, recording_listener&);

  /// The instrument must be a recorded one of the market data.
  result<void> add(instrument_number, std::vector<std::string> files);
  /// The recorder's time of the next event; nothing at the end.
  std::optional<wall_time> next_at() const;
  /// Plays the next event as happening at `now`. An error means that the recording is damaged; it ends there.
  result<void> play_next(wall_time now);

 private:
  struct track {
    instrument_number instrument{};
    std::unique_ptr<recording_reader> reader;
    const recorded_event* next = nullptr;
  };
  result<void> play(track&, wall_time now);
  result<void> apply(instrument_number, const depth_snapshot&, wall_time now);
  result<void> apply(instrument_number, const depth_diff&, wall_time now);
  result<void> apply(instrument_number, const recorded_ticker&, wall_time now);
  result<void> apply(instrument_number, const recorded_trade&, wall_time now);
  void mirror(instrument_number, const depth_diff&, wall_time now);
  std::optional<std::size_t> earliest() const;

  matching_engine& engine_;
  market_data& data_;
  recording_listener& listener_;
  std::vector<track> tracks_;
};

}  // namespace drover::exchanges::paper
