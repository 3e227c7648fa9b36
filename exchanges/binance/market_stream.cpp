#include "exchanges/binance/market_stream.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "exchanges/binance/endpoints.hpp"
#include "exchanges/binance/parse.hpp"

namespace drover::exchanges::binance {

namespace {

const logger log("binance");
/// Unreadable frames are all recorded; the log names one in so many.
constexpr std::uint64_t log_every = 1000;

std::string to_stream_name(std::string_view symbol) {
  auto name = to_venue_symbol(symbol);
  std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return name + "@bookTicker";
}

}  // namespace

market_stream::market_stream(events e) : events_(std::move(e)) {}

void market_stream::want(const std::string& symbol) {
  wanted_.insert(symbol);
  channels_.try_emplace(to_venue_symbol(symbol), channel{symbol, 0});
}

void market_stream::unwant(const std::string& symbol) {
  wanted_.erase(symbol);
  channels_.erase(to_venue_symbol(symbol));
}

void market_stream::on_open(steady_time now) {
  next_message_at_ = subscribe_after_ = now;
  for (auto& [name, c] : channels_) c.last_update_id = 0;
}

void market_stream::on_close(std::string_view, steady_time) {
  asked_.clear();
  open_requests_.clear();
  for (const auto& symbol : wanted_) events_.on_stale(symbol);
}

bool market_stream::take_batch(bool subscribe, std::vector<std::string>& out) const {
  const auto& from = subscribe ? wanted_ : asked_;
  const auto& done = subscribe ? asked_ : wanted_;
  for (const auto& symbol : from) {
    if (out.size() == batch_limit) break;
    if (!done.contains(symbol)) out.push_back(symbol);
  }
  return !out.empty();
}

stream_protocol::action market_stream::next_action(steady_time now) {
  action out;
  if (!open_requests_.empty()) {
    auto oldest = open_requests_.begin()->second.sent_at;
    if (now - oldest >= answer_limit) {
      out.give_up = "no answer to a subscription";
      return out;
    }
    out.wake_at = oldest + answer_limit;
  }
  std::vector<std::string> batch;
  bool leave = take_batch(false, batch);
  bool join = !leave && now >= subscribe_after_ && take_batch(true, batch);
  if (!leave && !join) {
    if (now < subscribe_after_) out.wake_at = out.wake_at ? std::min(*out.wake_at, subscribe_after_) : subscribe_after_;
    return out;
  }
  if (now >= next_message_at_) {
    out.frames.push_back(make_request(join, std::move(batch), now));
    next_message_at_ = now + message_interval;
  }
  out.wake_at = out.wake_at ? std::min(*out.wake_at, next_message_at_) : next_message_at_;
  return out;
}

std::string market_stream::make_request(bool subscribe, std::vector<std::string> symbols, steady_time now) {
  std::string frame = subscribe ? R"({"method":"SUBSCRIBE","params":[)" : R"({"method":"UNSUBSCRIBE","params":[)";
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    if (i) frame += ',';
    frame += '"' + to_stream_name(symbols[i]) + '"';
    if (subscribe)
      asked_.insert(symbols[i]);
    else
      asked_.erase(symbols[i]);
  }
  auto id = next_id_++;
  frame += "],\"id\":" + std::to_string(id) + "}";
  open_requests_.emplace(id, request{subscribe, std::move(symbols), now});
  return frame;
}

void market_stream::handle_answer(std::int64_t id, bool refused, steady_time now) {
  auto found = open_requests_.find(id);
  if (found == open_requests_.end()) return;
  if (refused && found->second.subscribe) {
    for (const auto& symbol : found->second.symbols) asked_.erase(symbol);
    subscribe_after_ = now + refusal_pause;
  }
  open_requests_.erase(found);
}

void market_stream::on_message(std::string_view frame, steady_time now) {
  auto parsed = parse_market_frame(frame);
  if (!parsed) {
    if (unreadable_++ % log_every == 0)
      log.warn("unreadable market frame", {{"count", unreadable_}, {"err", parsed.error()}});
    return;
  }
  if (const auto* answer = std::get_if<request_answer>(&*parsed)) {
    if (answer->refusal) log.warn("market subscription refused", {{"reason", answer->refusal->message}});
    return handle_answer(answer->id, answer->refusal.has_value(), now);
  }
  const auto* update = std::get_if<ticker_update>(&*parsed);
  if (!update) return;
  auto found = channels_.find(std::string(update->venue_symbol));
  if (found == channels_.end()) return;
  auto& c = found->second;
  // Duplicates and late ones.
  if (update->update_id <= c.last_update_id) return;
  c.last_update_id = update->update_id;
  events_.on_ticker(std::make_shared<const book_ticker>(book_ticker{c.symbol, update->bid_price, update->bid_quantity,
                                                                     update->ask_price, update->ask_quantity,
                                                                     update->update_id, now}));
}

}  // namespace drover::exchanges::binance
