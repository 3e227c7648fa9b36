#include <algorithm>
#include <array>
#include <charconv>
#include <deque>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/json.hpp"
#include "engine/backtest/line_reader.hpp"
#include "engine/backtest/market_source.hpp"

namespace drover::engine {

namespace {

/// Thrown and caught inside this file only.
struct bad_line {
  std::string what;
};

enum class layout { unknown, frames, quotes, trades, candles };

/// Where the columns are that matter; `npos`: there is none.
struct columns {
  static constexpr std::size_t npos = static_cast<std::size_t>(-1);
  layout kind = layout::unknown;
  std::size_t time = npos, maker = npos;
  /// Quotes: bid, its quantity, ask, its quantity. Trades: price, quantity. Candles: open, high, low, close, volume.
  std::array<std::size_t, 5> values{npos, npos, npos, npos, npos};
};

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto comma = line.find(',');
    out.push_back(line.substr(0, comma));
    if (comma == line.npos) return out;
    line.remove_prefix(comma + 1);
  }
}

std::size_t find_column(const std::vector<std::string_view>& header, std::initializer_list<std::string_view> names) {
  for (const auto name : names) {
    const auto at = std::ranges::find(header, name);
    if (at != header.end()) return static_cast<std::size_t>(at - header.begin());
  }
  return columns::npos;
}

columns read_header(const std::vector<std::string_view>& h) {
  const auto at = [&](std::initializer_list<std::string_view> names) { return find_column(h, names); };
  columns out{
      .kind = layout::unknown,
      .time = at({"local_ts_ns", "transaction_time", "time", "transact_time", "timestamp", "open_time", "event_time"}),
      .maker = at({"is_buyer_maker", "isBuyerMaker", "buyer_is_maker"}),
      .values = {}};
  const auto has = [&](std::size_t count) {
    return out.time != columns::npos &&
           std::ranges::find(out.values.begin(), out.values.begin() + static_cast<std::ptrdiff_t>(count),
                             columns::npos) == out.values.begin() + static_cast<std::ptrdiff_t>(count);
  };
  out.values = {at({"bid", "best_bid_price", "bid_price"}), at({"bid_qty", "best_bid_qty", "bid_quantity"}),
                at({"ask", "best_ask_price", "ask_price"}), at({"ask_qty", "best_ask_qty", "ask_quantity"}),
                columns::npos};
  if (has(4)) {
    out.kind = layout::quotes;
    return out;
  }
  out.values = {at({"open"}), at({"high"}), at({"low"}), at({"close"}), at({"volume"})};
  if (has(5)) {
    out.kind = layout::candles;
    return out;
  }
  out.values = {at({"price"}), at({"qty", "quantity"}), columns::npos, columns::npos, columns::npos};
  if (has(2)) out.kind = layout::trades;
  return out;
}

decimal number(std::string_view text) {
  auto value = decimal::parse(text);
  if (!value || value->is_negative())
    throw bad_line{"'" + std::string(text.substr(0, 40)) + "' is not a price or quantity"};
  return *value;
}

wall_time moment(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size() || value <= 0)
    throw bad_line{"'" + std::string(text.substr(0, 40)) + "' is not a time"};
  if (value < 100'000'000'000) return {seconds(value)};
  if (value < 100'000'000'000'000) return {milliseconds(value)};
  if (value < 100'000'000'000'000'000) return {std::chrono::microseconds(value)};
  return {nanoseconds(value)};
}

std::string text_member(const json& object, const char* key) {
  const auto at = object.find(key);
  if (at == object.end() || !at->is_string()) throw bad_line{std::string("no text '") + key + "'"};
  return at->get<std::string>();
}

class recorded_source final : public market_source {
public:
  recorded_source(std::vector<std::filesystem::path> files, decimal tick) : files_(std::move(files)), tick_(tick) {}

  result<std::optional<market_event>> next() override {
    while (ready_.empty()) {
      auto more = read_line();
      if (!more) return std::unexpected(more.error());
      if (!*more) return std::optional<market_event>();
    }
    auto out = ready_.front();
    ready_.pop_front();
    // Venue times are no strict order; the market's time never runs back.
    last_ = out.at = std::max(out.at, last_);
    return std::optional(out);
  }

private:
  result<bool> read_line() {
    if (!reader_) {
      if (file_ == files_.size()) return false;
      auto opened = line_reader::open(files_[file_++]);
      if (!opened) return std::unexpected(opened.error());
      reader_ = std::move(*opened);
      columns_ = {};
    }
    auto line = reader_->next();
    if (!line) return std::unexpected(line.error());
    if (!*line) {
      reader_.reset();
      return true;
    }
    try {
      if (!(*line)->empty()) take(**line);
    } catch (const bad_line& bad) {
      return fail(errc::malformed, reader_->place() + ": " + bad.what);
    }
    return true;
  }

  void take(std::string_view line) {
    if (columns_.kind == layout::unknown && recognise(line)) return;
    if (columns_.kind == layout::frames) return take_frame(line);
    const auto cells = split(line);
    for (const auto c : columns_.values)
      if (c != columns::npos && c >= cells.size()) throw bad_line{"too few columns"};
    if (columns_.time >= cells.size()) throw bad_line{"too few columns"};
    const auto at = moment(cells[columns_.time]);
    const auto value = [&](std::size_t i) { return number(cells[columns_.values[i]]); };
    if (columns_.kind == layout::quotes) return add_quote(at, {value(0), value(1), value(2), value(3)});
    if (columns_.kind == layout::candles) return add_candle(at, {value(0), value(1), value(2), value(3), value(4)});
    const auto maker = columns_.maker < cells.size() ? cells[columns_.maker] : std::string_view("false");
    add_trade(at, {value(0), value(1), maker == "true" || maker == "True" || maker == "1"}, true);
  }

  /// True when the line is a header and no more.
  bool recognise(std::string_view line) {
    if (line.find('{') != line.npos) {
      columns_.kind = layout::frames;
      return false;
    }
    const auto cells = split(line);
    if (!cells[0].empty() && (cells[0][0] < '0' || cells[0][0] > '9')) {
      columns_ = read_header(cells);
      if (columns_.kind == layout::unknown) throw bad_line{"the header names neither best prices, trades nor candles"};
      return true;
    }
    if (cells.size() == 7)
      columns_ = {
          .kind = layout::trades, .time = 4, .maker = 5, .values = {1, 2, columns::npos, columns::npos, columns::npos}};
    if (cells.size() == 12)
      columns_ = {.kind = layout::candles, .time = 0, .maker = columns::npos, .values = {1, 2, 3, 4, 5}};
    if (columns_.kind == layout::unknown)
      throw bad_line{"neither a known header nor Binance's columns of trades (7) or candles (12)"};
    return false;
  }

  void take_frame(std::string_view line) {
    const auto blank = line.find(' ');
    if (blank == line.npos) throw bad_line{"no time at the start of the line"};
    const auto body = line.substr(blank + 1);
    const bool quote = body.find("@bookTicker\"") != body.npos, trade = body.find("@trade\"") != body.npos;
    if (!quote && !trade) return;
    const auto at = moment(line.substr(0, blank));
    auto parsed = parse_json(body);
    if (!parsed || !parsed->is_object() || !parsed->contains("data") || !(*parsed)["data"].is_object())
      throw bad_line{"not a frame with data"};
    const auto& data = (*parsed)["data"];
    if (quote)
      return add_quote(at, {number(text_member(data, "b")), number(text_member(data, "B")),
                            number(text_member(data, "a")), number(text_member(data, "A"))});
    if (!data.contains("m") || !data["m"].is_boolean()) throw bad_line{"'m' is not true or false"};
    add_trade(at, {number(text_member(data, "p")), number(text_member(data, "q")), data["m"] == true}, !has_book_);
  }

  void add_quote(wall_time at, market_event::quote q) {
    if (!q.bid_price.is_positive() || q.ask_price <= q.bid_price) throw bad_line{"the best prices cross or are zero"};
    has_book_ = true;
    ready_.push_back({at, q, std::nullopt});
  }

  void add_trade(wall_time at, market_event::print p, bool makes_book) {
    if (!p.price.is_positive()) throw bad_line{"a price is zero"};
    market_event out{at, std::nullopt, p};
    if (makes_book) {
      const auto bid = p.buyer_is_maker ? p.price : std::max(tick_, p.price - tick_);
      out.top = {bid, p.quantity, bid + tick_, p.quantity};
    }
    ready_.push_back(std::move(out));
  }

  void add_candle(wall_time at, const std::array<decimal, 5>& c) {
    const auto [open, high, low, close, volume] = c;
    if (low > high || open > high || close > high || open < low || close < low)
      throw bad_line{"a candle's prices are outside its low and high"};
    const bool falls = close < open;
    const auto quarter = decimal::divide(volume, decimal(4));
    const std::array<decimal, 4> path{open, falls ? high : low, falls ? low : high, close};
    // A quarter of a minute apart: within any usual candle.
    for (std::size_t i = 0; i < path.size(); ++i)
      add_trade(at + seconds(15) * static_cast<std::int64_t>(i), {path[i], quarter, i > 0 && path[i] < path[i - 1]},
                true);
  }

  std::vector<std::filesystem::path> files_;
  decimal tick_;
  std::size_t file_ = 0;
  std::unique_ptr<line_reader> reader_;
  columns columns_;
  std::deque<market_event> ready_;
  wall_time last_;
  bool has_book_ = false;
};

}  // namespace

std::unique_ptr<market_source> make_recorded_source(std::vector<std::filesystem::path> files, decimal tick) {
  return std::make_unique<recorded_source>(std::move(files), tick);
}

}  // namespace drover::engine
