#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "exchanges/paper/matching_types.hpp"
#include "exchanges/paper/recorded_book.hpp"

namespace drover::exchanges::paper {

struct recorded_ticker {
  std::int64_t update_id = 0;
  book_level bid, ask;
};

struct recorded_trade {
  market_trade trade;
};

/// One line of a recording.
struct recorded_event {
  /// The recorder's clock.
  wall_time received_at;
  /// The venue's name of the instrument, "BTCUSDT"; empty for a snapshot, which names none.
  std::string venue_symbol;
  std::variant<depth_diff, depth_snapshot, recorded_ticker, recorded_trade> content;
};

/// Reads the line format of hftbacktest's collector for Binance spot: "<local ns> <JSON>", the JSON being a combined
/// stream frame (@depth, @bookTicker, @trade) or a REST depth snapshot. Keeps its parser's memory between lines.
class recording_parser {
 public:
  recording_parser();
  ~recording_parser();
  /// errc::malformed names what is wrong.
  result<recorded_event> parse(std::string_view line);

 private:
  struct state;
  std::unique_ptr<state> state_;
};

/// The lines of gzip-compressed files, one file after the other. A whole compressed file is held, never the text.
class recording_reader {
 public:
  /// Bounds of what is accepted.
  static constexpr std::size_t file_limit_bytes = 1024 * 1024 * 1024;
  static constexpr std::size_t line_limit_bytes = 16 * 1024 * 1024;

  explicit recording_reader(std::vector<std::string> files);
  ~recording_reader();
  /// The next event; nullptr at the end of the last file. Errors name the file and the line.
  result<const recorded_event*> next();

 private:
  result<bool> next_line();
  result<bool> open_next();
  result<bool> inflate_more();
  std::unexpected<error> fail_here(std::string what) const;

  struct stream;
  std::vector<std::string> files_;
  std::size_t file_ = 0;
  std::size_t line_number_ = 0;
  std::unique_ptr<stream> stream_;
  /// Inflated text; `begin_` is where the next line starts.
  std::string text_;
  std::size_t begin_ = 0, scanned_ = 0;
  std::string_view line_;
  recording_parser parser_;
  recorded_event event_;
};

}  // namespace drover::exchanges::paper
