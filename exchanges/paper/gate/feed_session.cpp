#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "exchanges/paper/gate/gate_dialect.hpp"
#include "exchanges/paper/gate/pairs.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::gate {

namespace {

constexpr std::array<std::string_view, 3> private_channels{"spot.orders", "spot.usertrades", "spot.balances"};
constexpr std::array<std::string_view, 3> pair_channels{"spot.tickers", "spot.book_ticker", "spot.trades"};
/// Codes of the WebSocket documentation.
constexpr int invalid_body = 1, invalid_argument = 2, refused_login = 4;
constexpr std::size_t most_private = 100;

/// What a name of a public subscription stands for.
struct public_target {
  instrument_number instrument{};
  std::string topic;
  /// Of a book that begins with a snapshot.
  std::size_t levels = 0;
};

std::optional<public_target> find_target(const simulated_venue& v, std::string_view channel, const std::vector<std::string>& payload,
                                         const std::string& name) {
  std::string_view pair = name;
  public_target out;
  out.topic = std::string(channel) + ":" + name;
  if (channel == "spot.candlesticks") {
    if (payload.size() != 2 || !interval_ms(payload[0])) return std::nullopt;
    pair = payload[1];
    out.topic = std::string(channel) + ":" + payload[0] + "_" + payload[1];
  } else if (channel == "spot.obu") {
    const auto first = name.find('.'), last = name.rfind('.');
    if (!name.starts_with("ob.") || last <= first) return std::nullopt;
    pair = std::string_view(name).substr(first + 1, last - first - 1);
    out.levels = name.ends_with(".50") ? 50 : name.ends_with(".400") ? 400 : 0;
    if (out.levels == 0) return std::nullopt;
  }
  const auto n = find_pair(v, pair);
  if (!n) return std::nullopt;
  out.instrument = *n;
  return out;
}

}  // namespace

struct feed_session::request {
  std::string channel, event;
  std::vector<std::string> payload;
  std::string key, signature;
  std::int64_t time = 0;
  /// As JSON, "null" when none was sent.
  std::string id, payload_json;
};

feed_session::feed_session(gate_dialect& d, std::string path) : dialect_(d), sender_(d.market(), d.name(), std::move(path)), topics_(*this) {}

feed_session::~feed_session() { leave(); }

void feed_session::on_open(net::websocket_session& session) {
  address_ = session.remote_address();
  sender_.open(session);
}

void feed_session::on_close(std::uint16_t) {
  sender_.closed();
  leave();
}

void feed_session::leave() {
  topics_.clear();
  for (const auto n : accounts_) dialect_.users().remove(n, this);
  accounts_.clear();
  private_.clear();
}

bool feed_session::follows(account_number n, std::string_view channel, std::string_view pair) const {
  return std::ranges::any_of(private_, [&](const subscription& s) {
    return s.account == n && s.channel == channel && (s.pairs.empty() || pair.empty() || std::ranges::find(s.pairs, pair) != s.pairs.end());
  });
}

void feed_session::answer(const request& r, std::optional<std::pair<int, std::string>> error) {
  const auto now = dialect_.market().now();
  const auto failure = error ? fmt::format(R"("error":{{"code":{},"message":{}}},"result":{{"status":"fail"}})", error->first, paper::quoted(error->second))
                             : std::string(R"("result":{"status":"success"})");
  sender_.send(fmt::format(R"({{"time":{},"time_ms":{},"id":{},"conn_id":"paper","channel":{},"event":{},"payload":{},{}}})", to_epoch_seconds(now), now.ms(),
                           r.id, paper::quoted(r.channel), paper::quoted(r.event), r.payload_json, failure));
}

void feed_session::on_message(std::string_view message, bool) {
  auto read = read_loose_json(message);
  request r{.id = "null", .payload_json = "[]"};
  if (!read || !read->is_object()) return answer(r, std::pair(invalid_body, std::string("invalid request body")));
  const auto fields = request_fields::from_json(*read);
  r.channel = fields.text("channel");
  r.event = fields.text("event");
  r.time = fields.whole("time").value_or(std::nullopt).value_or(0);
  if (auto id = read->find("id"); id != read->end() && id->is_number_integer()) r.id = id->dump();
  if (auto payload = read->find("payload"); payload != read->end() && payload->is_array()) {
    r.payload_json = payload->dump();
    for (const auto& p : *payload) r.payload.push_back(p.is_string() ? p.get<std::string>() : p.dump());
  }
  if (auto auth = read->find("auth"); auth != read->end() && auth->is_object()) {
    const auto signed_by = request_fields::from_json(*auth);
    r.key = signed_by.text("KEY");
    r.signature = signed_by.text("SIGN");
  }
  if (r.channel == "spot.ping") {
    const auto now = dialect_.market().now();
    return sender_.send(fmt::format(R"({{"time":{},"time_ms":{},"channel":"spot.pong","event":"","result":null}})", to_epoch_seconds(now), now.ms()));
  }
  if (r.event != "subscribe" && r.event != "unsubscribe") return answer(r, std::pair(invalid_argument, "unknown event: " + r.event));
  const bool on = r.event == "subscribe";
  if (std::ranges::find(private_channels, r.channel) != private_channels.end()) return change_private(r, on);
  change_public(r, on);
}

void feed_session::change_public(const request& r, bool on) {
  const bool is_pair_channel = std::ranges::find(pair_channels, r.channel) != pair_channels.end();
  const bool is_single = r.channel == "spot.candlesticks" || r.channel == "spot.order_book_update";
  if (!is_pair_channel && !is_single && r.channel != "spot.obu") return answer(r, std::pair(invalid_argument, "unknown channel: " + r.channel));
  if (r.payload.empty()) return answer(r, std::pair(invalid_argument, std::string("empty payload")));
  const auto names = is_single ? std::vector<std::string>{r.payload.front()} : r.payload;
  std::vector<public_target> targets;
  for (const auto& name : names) {
    auto target = find_target(dialect_.market(), r.channel, r.payload, name);
    if (!target) return answer(r, std::pair(invalid_argument, "unknown currency pair: " + name));
    targets.push_back(std::move(*target));
  }
  if (on && topics_.size() + targets.size() > 1'024) return answer(r, std::pair(invalid_argument, std::string("too many subscriptions")));
  answer(r, std::nullopt);
  for (const auto& t : targets) {
    if (!on) {
      topics_.remove(t.topic);
      continue;
    }
    if (t.levels > 0 && !topics_.has(t.topic)) sender_.send(dialect_.compose_book(t.instrument, t.levels));
    topics_.add(dialect_.board(), t.topic);
  }
}

void feed_session::change_private(const request& r, bool on) {
  const auto signed_text = fmt::format("channel={}&event={}&time={}", r.channel, r.event, r.time);
  auto account = dialect_.authenticate(r.key, r.signature, std::to_string(r.time), signed_text, address_);
  if (account && !(*account)->permissions.read) account = std::unexpected(refused{403, "FORBIDDEN", "Request API key does not have spot permission"});
  if (!account)
    return answer(r, std::pair(refused_login, fmt::format(R"({{"label":"{}","message":{}}})", account.error().label, paper::quoted(account.error().message)) + "\n"));
  const auto number = (*account)->number;
  subscription wanted{number, r.channel, r.payload};
  if (std::ranges::find(wanted.pairs, "!all") != wanted.pairs.end()) wanted.pairs.clear();
  for (const auto& p : wanted.pairs)
    if (!find_pair(dialect_.market(), p)) return answer(r, std::pair(invalid_argument, "unknown currency pair: " + p));
  if (!on) std::erase_if(private_, [&](const subscription& s) { return s.account == number && s.channel == r.channel; });
  if (on && private_.size() >= most_private) return answer(r, std::pair(invalid_argument, std::string("too many subscriptions")));
  if (on) private_.push_back(std::move(wanted));
  if (on && std::ranges::find(accounts_, number) == accounts_.end()) {
    accounts_.push_back(number);
    dialect_.users().add(number, this);
  }
  answer(r, std::nullopt);
}

}  // namespace drover::exchanges::paper::gate
