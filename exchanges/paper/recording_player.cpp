#include "exchanges/paper/recording_player.hpp"

#include <algorithm>

namespace drover::exchanges::paper {

recording_player::recording_player(matching_engine& engine, market_data& data, recording_listener& listener)
    : engine_(engine), data_(data), listener_(listener) {}

result<std::vector<recording_player::source>> recording_player::find_sources(const std::vector<std::string>& files) {
  std::vector<source> out;
  for (const auto& file : files) {
    recording_reader reader({file});
    std::string symbol;
    while (symbol.empty()) {
      auto event = reader.next();
      if (!event) return std::unexpected(event.error());
      if (*event == nullptr) return fail(errc::malformed, "a recording names no instrument");
      symbol = (*event)->venue_symbol;
    }
    auto known = std::ranges::find(out, symbol, &source::venue_symbol);
    if (known == out.end()) known = out.insert(out.end(), source{symbol, {}});
    known->files.push_back(file);
  }
  return out;
}

result<void> recording_player::add(instrument_number n, std::vector<std::string> files) {
  track t{.instrument = n, .reader = std::make_unique<recording_reader>(std::move(files))};
  auto first = t.reader->next();
  if (!first) return std::unexpected(first.error());
  t.next = *first;
  tracks_.push_back(std::move(t));
  return {};
}

std::optional<std::size_t> recording_player::earliest() const {
  std::optional<std::size_t> out;
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    const auto* next = tracks_[i].next;
    if (next != nullptr && (!out || next->received_at < tracks_[*out].next->received_at)) out = i;
  }
  return out;
}

std::optional<wall_time> recording_player::next_at() const {
  const auto index = earliest();
  if (!index) return std::nullopt;
  return tracks_[*index].next->received_at;
}

result<void> recording_player::play_next(wall_time now) {
  const auto index = earliest();
  if (!index) return {};
  auto& t = tracks_[*index];
  auto played = play(t, now);
  if (!played) {
    t.next = nullptr;
    return played;
  }
  auto next = t.reader->next();
  t.next = next ? *next : nullptr;
  if (!next) return std::unexpected(next.error());
  return {};
}

result<void> recording_player::play(track& t, wall_time now) {
  return std::visit([&](const auto& content) { return apply(t.instrument, content, now); }, t.next->content);
}

void recording_player::mirror(instrument_number n, const depth_diff& diff, wall_time now) {
  for (const bool removal : {true, false}) {
    for (const auto& level : diff.bids)
      if (level.quantity.is_zero() == removal) engine_.set_house_level(n, side::buy, level.price, level.quantity, now);
    for (const auto& level : diff.asks)
      if (level.quantity.is_zero() == removal) engine_.set_house_level(n, side::sell, level.price, level.quantity, now);
  }
}

result<void> recording_player::apply(instrument_number n, const depth_snapshot& snapshot, wall_time now) {
  auto& book = data_.recorded(n);
  if (auto done = book.apply(snapshot); !done) return done;
  depth_diff whole;
  for (const side s : {side::buy, side::sell})
    for (const auto& [key, level] : engine_.book(n).of(s).levels())
      if (!level.house_total.is_zero()) (s == side::buy ? whole.bids : whole.asks).push_back({level.price, decimal()});
  for (const auto& [price, quantity] : book.bids()) whole.bids.push_back({price, quantity});
  for (const auto& [price, quantity] : book.asks()) whole.asks.push_back({price, quantity});
  mirror(n, whole, now);
  if (book.bids().empty() || book.asks().empty()) return {};
  const top_of_book top{{book.bids().begin()->first, book.bids().begin()->second},
                        {book.asks().begin()->first, book.asks().begin()->second}, book.last_update_id()};
  if (engine_.last_price(n).is_zero()) engine_.set_reference_price(n, top.bid.price);
  data_.set_recorded_top(n, top);
  listener_.on_recorded_top(n, top);
  return {};
}

result<void> recording_player::apply(instrument_number n, const depth_diff& diff, wall_time now) {
  auto applied = data_.recorded(n).apply(diff);
  if (!applied) return std::unexpected(applied.error());
  if (!*applied) return {};
  mirror(n, diff, now);
  listener_.on_recorded_depth(n, diff);
  return {};
}

result<void> recording_player::apply(instrument_number n, const recorded_ticker& ticker, wall_time) {
  const top_of_book top{ticker.bid, ticker.ask, ticker.update_id};
  data_.set_recorded_top(n, top);
  listener_.on_recorded_top(n, top);
  return {};
}

result<void> recording_player::apply(instrument_number n, const recorded_trade& recorded, wall_time now) {
  market_trade t = recorded.trade;
  t.at = now;
  engine_.print_trade(n, t.buyer_is_maker ? side::sell : side::buy, t.price, t.quantity, now);
  data_.add_trade(n, t);
  listener_.on_recorded_trade(n, t);
  return {};
}

}  // namespace drover::exchanges::paper
