#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "exchanges/paper/mexc/mexc_dialect.hpp"
#include "exchanges/paper/mexc/symbols.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::mexc {

namespace {

/// "Websocket Market Streams": subscriptions of one connection.
constexpr std::size_t most_subscriptions = 30;
constexpr std::array<std::string_view, 3> private_channels{"spot@private.orders.v3.api.pb", "spot@private.deals.v3.api.pb",
                                                           "spot@private.account.v3.api.pb"};

bool is_private(std::string_view channel) { return std::ranges::find(private_channels, channel) != private_channels.end(); }

bool is_public(const simulated_venue& v, std::string_view channel) {
  constexpr std::string_view kinds[] = {"deals", "depth", "bookTicker"};
  for (const auto kind : kinds)
    for (const std::string_view speed : {"100ms", "10ms"}) {
      const auto prefix = fmt::format("spot@public.aggre.{}.v3.api.pb@{}@", kind, speed);
      if (channel.starts_with(prefix)) return find_symbol(v, channel.substr(prefix.size())).has_value();
    }
  constexpr std::string_view klines = "spot@public.kline.v3.api.pb@";
  if (!channel.starts_with(klines)) return false;
  channel.remove_prefix(klines.size());
  const auto cut = channel.find('@');
  if (cut == std::string_view::npos || !find_symbol(v, channel.substr(0, cut))) return false;
  return std::ranges::find(intervals(), channel.substr(cut + 1), &interval::stream) != intervals().end();
}

}  // namespace

push_session::push_session(mexc_dialect& d, std::string path, std::string listen_key)
    : dialect_(d), sender_(d.market(), d.name(), std::move(path)), topics_(*this, most_subscriptions), listen_key_(std::move(listen_key)) {}

push_session::~push_session() { leave(); }

void push_session::on_open(net::websocket_session& session) {
  sender_.open(session);
  if (listen_key_.empty()) return;
  account_ = dialect_.find_listener(listen_key_);
  if (!account_) return session.close(1008, "listen key");
  dialect_.users().add(*account_, this);
}

void push_session::on_close(std::uint16_t) {
  sender_.closed();
  leave();
}

void push_session::leave() {
  topics_.clear();
  if (account_) dialect_.users().remove(*account_, this);
  account_.reset();
  private_.clear();
}

bool push_session::follows(std::string_view channel) const { return std::ranges::find(private_, channel) != private_.end(); }

void push_session::answer(std::int64_t id, std::string_view text) {
  sender_.send(fmt::format(R"({{"id":{},"code":0,"msg":{}}})", id, paper::quoted(text)));
}

std::string push_session::change(const std::string& channel, bool on) {
  if (is_private(channel)) {
    if (!account_) return "Blocked!";
    std::erase(private_, channel);
    if (on) private_.push_back(channel);
    return {};
  }
  if (!is_public(dialect_.market(), channel)) return "Blocked!";
  if (!on) topics_.remove(channel);
  else if (topics_.size() + private_.size() >= most_subscriptions || !topics_.add(dialect_.board(), channel)) return "too many subscriptions";
  return {};
}

void push_session::on_message(std::string_view message, bool) {
  auto request = read_loose_json(message);
  if (!request || !request->is_object()) return answer(0, "msg format invalid");
  const auto fields = request_fields::from_json(*request);
  const auto id = fields.whole("id").value_or(std::nullopt).value_or(0);
  const auto method = fields.text("method");
  if (method == "PING" || method == "ping") return answer(id, "PONG");
  const bool on = method == "SUBSCRIPTION";
  const auto* channels = fields.member("params");
  if ((!on && method != "UNSUBSCRIPTION") || channels == nullptr || !channels->is_array()) return answer(id, "msg format invalid");
  std::string done, refused, reason;
  for (const auto& c : *channels) {
    const auto channel = c.is_string() ? c.get<std::string>() : std::string();
    const auto why = change(channel, on);
    auto& list = why.empty() ? done : refused;
    list += (list.empty() ? "" : ",") + channel;
    if (!why.empty()) reason = why;
  }
  if (!done.empty()) answer(id, done);
  if (!refused.empty()) answer(id, fmt::format("Not Subscribed successfully! [{}].  Reason: {} ", refused, reason));
}

}  // namespace drover::exchanges::paper::mexc
