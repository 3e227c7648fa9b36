#include "exchanges/paper/binance_dialect_streams.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace drover::exchanges::paper::binance {

namespace {

constexpr std::array<std::string_view, channel_count> suffixes{
    "@bookTicker", "@depth", "@depth@100ms", "@trade", "@aggTrade", "@miniTicker", "@ticker", "@kline_1s", "@kline_1m"};
constexpr std::uint16_t policy_violation = 1008;
constexpr std::size_t name_limit_bytes = 128;

std::string error_text(std::string_view message, const std::string& id) {
  return fmt::format(R"({{"error":{{"code":2,"msg":"Invalid request: {}"}},"id":{}}})", message, id);
}

std::string id_of(const json& request) {
  auto it = request.find("id");
  const bool usable = it != request.end() && (it->is_number_integer() || it->is_string());
  return usable ? it->dump(-1, ' ', true, json::error_handler_t::replace) : "null";
}

}  // namespace

void market_stream::add(market_session* s) { (s->combined() ? combined_ : plain_).push_back(s); }

void market_stream::remove(market_session* s) {
  auto& list = s->combined() ? combined_ : plain_;
  auto it = std::ranges::find(list, s);
  if (it == list.end()) return;
  if (broadcasting_) {
    *it = nullptr;
    return;
  }
  *it = list.back();
  list.pop_back();
}

void market_stream::broadcast(std::string text) {
  broadcasting_ = true;
  if (!combined_.empty()) {
    const auto wrapped = std::make_shared<const std::string>(fmt::format(R"({{"stream":"{}","data":{}}})", name_, text));
    for (std::size_t i = 0; i < combined_.size(); ++i)
      if (combined_[i] != nullptr) combined_[i]->send(wrapped);
  }
  if (!plain_.empty()) {
    const auto shared = std::make_shared<const std::string>(std::move(text));
    for (std::size_t i = 0; i < plain_.size(); ++i)
      if (plain_[i] != nullptr) plain_[i]->send(shared);
  }
  broadcasting_ = false;
  std::erase(combined_, nullptr);
  std::erase(plain_, nullptr);
}

void market_streams::add_instrument(std::string_view venue_symbol) {
  std::string lower(venue_symbol);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  auto& row = streams_.emplace_back();
  for (std::size_t i = 0; i < channel_count; ++i) {
    row[i] = std::make_unique<market_stream>(lower + std::string(suffixes[i]));
    by_name_.emplace(row[i]->name(), row[i].get());
  }
}

market_stream* market_streams::find(std::string_view name) {
  auto it = by_name_.find(std::string(name));
  return it == by_name_.end() ? nullptr : it->second;
}

market_session::market_session(simulated_venue& venue, market_streams& streams, std::string path, bool combined,
                               std::vector<std::string> names)
    : venue_(venue), streams_(streams), sender_(venue, std::move(path)), combined_(combined) {
  for (const auto& name : names) subscribe(name);
}

market_session::~market_session() { leave_all(); }

void market_session::on_open(net::websocket_session& session) { sender_.open(session); }

void market_session::on_close(std::uint16_t) {
  sender_.closed();
  leave_all();
}

void market_session::leave_all() {
  for (const auto& name : names_)
    if (auto* stream = streams_.find(name)) stream->remove(this);
  names_.clear();
}

bool market_session::subscribe(const std::string& name) {
  if (name.empty() || name.size() > name_limit_bytes) return false;
  if (std::ranges::find(names_, name) != names_.end()) return true;
  if (names_.size() == stream_limit) return false;
  names_.push_back(name);
  if (auto* stream = streams_.find(name)) stream->add(this);
  return true;
}

void market_session::unsubscribe(const std::string& name) {
  if (std::erase(names_, name) == 0) return;
  if (auto* stream = streams_.find(name)) stream->remove(this);
}

bool market_session::too_fast() {
  const auto now = venue_.now().ms() / 1'000;
  if (now != second_) messages_ = 0;
  second_ = now;
  return ++messages_ > messages_per_second_limit && venue_.config().enforce_limits;
}

void market_session::on_message(std::string_view message, bool) {
  if (!sender_.is_open()) return;
  if (too_fast()) {
    sender_.session()->close(policy_violation, "Too many requests");
    return;
  }
  sender_.send(answer(message));
}

std::string market_session::answer(std::string_view message) {
  auto request = parse_json(message);
  if (!request || !request->is_object()) return error_text("invalid JSON", "null");
  const auto id = id_of(*request);
  const auto method = request->value("method", json());
  if (!method.is_string()) return error_text("property name must be a string", id);
  if (method == "LIST_SUBSCRIPTIONS") return fmt::format(R"({{"result":{},"id":{}}})", json(names_).dump(-1, ' ', true), id);
  const bool on = method == "SUBSCRIBE";
  if (!on && method != "UNSUBSCRIBE") return error_text("unknown method", id);
  const auto params = request->value("params", json());
  if (!params.is_array() || !std::ranges::all_of(params, [](const json& p) { return p.is_string(); }))
    return error_text("params must be an array of strings", id);
  for (const auto& name : params) {
    if (!on)
      unsubscribe(name.get<std::string>());
    else if (!subscribe(name.get<std::string>()))
      return error_text("too many streams", id);
  }
  return fmt::format(R"({{"result":null,"id":{}}})", id);
}

}  // namespace drover::exchanges::paper::binance
