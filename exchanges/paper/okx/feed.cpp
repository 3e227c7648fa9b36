#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "exchanges/paper/okx/okx_dialect.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::okx {

namespace {

std::string dump(const json& value) {
  return value.dump(-1, ' ', true, json::error_handler_t::replace);
}

/// Orders of one message.
constexpr std::size_t trade_limit = 20;

/// Unix seconds; none for anything but a number up to the year 3000.
std::optional<wall_time> read_seconds(std::string_view text) {
  constexpr std::int64_t latest_s = 32'503'680'000;
  std::int64_t whole = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), whole);
  const bool fits = whole >= 0 && whole < latest_s;
  if (failure != std::errc() || end != text.data() + text.size() || !fits) return std::nullopt;
  return wall_time{seconds(whole)};
}

bool is_known_channel(std::string_view channel, std::string_view path) {
  if (path.ends_with("/business")) return channel.starts_with("candle");
  return channel == "books" || channel == "books5" || channel == "bbo-tbt" || channel == "tickers" ||
         channel == "trades";
}

}  // namespace

session::session(okx_dialect& d, std::string path)
    : dialect_(d), sender_(d.market(), d.name(), std::move(path)), topics_(*this) {}
session::~session() {
  leave();
}

void session::on_open(net::websocket_session& s) {
  address_ = s.remote_address();
  sender_.open(s);
}

void session::on_close(std::uint16_t) {
  sender_.closed();
  leave();
}

void session::leave() {
  topics_.clear();
  private_topics_.clear();
  if (user_) dialect_.users().remove(*user_, this);
  user_.reset();
}

void session::fail(std::string_view code, std::string_view message) {
  sender_.send(
      fmt::format(R"({{"event":"error","code":"{}","msg":{},"connId":"a4d3ae55"}})", code, paper::quoted(message)));
}

void session::on_message(std::string_view message, bool) {
  if (message == "ping") return sender_.send(std::string("pong"));
  auto request = read_loose_json(message);
  if (!request || !request->is_object()) return fail("60012", "Invalid request");
  const auto fields = request_fields::from_json(*request);
  const auto op = fields.text("op");
  const auto arguments = request->value("args", json::array());
  if (!arguments.is_array()) return fail("60012", "Invalid request");
  if (op == "login") return log_in(arguments);
  if (op == "subscribe" || op == "unsubscribe") return subscribe(arguments, op == "subscribe");
  if (op == "order" || op == "cancel-order" || op == "batch-orders") return trade(fields, arguments);
  fail("60012", "Invalid request");
}

void session::log_in(const json& arguments) {
  if (arguments.empty()) return fail("60012", "Invalid request");
  const auto f = request_fields::from_json(arguments.front());
  const auto timestamp = f.text("timestamp");
  const auto sent = read_seconds(timestamp);
  if (!sent) return fail("60004", "Invalid timestamp");
  auto account = dialect_.authenticate(f.text("apiKey"), f.text("passphrase"), f.text("sign"),
                                       std::string(timestamp) + "GET/users/self/verify", *sent, address_);
  if (!account) {
    const auto& code = account.error().code;
    return fail(code == "50111"   ? "60005"
                : code == "50102" ? "60006"
                : code == "50105" ? "60024"
                                  : "60007",
                code == "50111"   ? "Invalid apiKey"
                : code == "50102" ? "Timestamp request expired"
                : code == "50105" ? "Wrong passphrase"
                                  : "Invalid sign");
  }
  if (user_) dialect_.users().remove(*user_, this);
  user_ = (*account)->number;
  dialect_.users().add(*user_, this);
  sender_.send(std::string(R"({"event":"login","msg":"","code":"0","connId":"a4d3ae55"})"));
}

void session::subscribe(const json& arguments, bool on) {
  for (const auto& a : arguments) subscribe_one(a, on);
}

void session::subscribe_one(const json& argument, bool on) {
  const auto f = request_fields::from_json(argument);
  const std::string channel(f.text("channel")), instrument(f.text("instId"));
  const auto answer = [&] {
    sender_.send(fmt::format(R"({{"event":"{}","arg":{},"connId":"a4d3ae55"}})", on ? "subscribe" : "unsubscribe",
                             dump(argument)));
  };
  if (channel == "orders" || channel == "account") {
    if (!user_) return fail("60011", "Please log in");
    std::erase_if(private_topics_,
                  [&](const private_topic& t) { return t.channel == channel && t.instrument == instrument; });
    if (on) private_topics_.push_back({channel, instrument, dump(argument)});
    answer();
    if (on && channel == "account")
      tell("account", {}, dialect_.render_balances(dialect_.market().accounts().get(*user_)));
    return;
  }
  const auto n = dialect_.find_instrument(instrument);
  if (!n || !is_known_channel(channel, sender_.path()))
    return fail("60018", fmt::format("Wrong URL or channel:{},instId:{} doesn't exist.", channel, instrument));
  const auto name = channel + ":" + instrument;
  if (on && !topics_.add(dialect_.board(), name)) return fail("60014", "Requests too frequent");
  if (!on) topics_.remove(name);
  answer();
  if (!on) return;
  auto first = dialect_.render_initial(channel, *n);
  if (!first.empty()) sender_.send(std::move(first));
}

void session::trade(const request_fields& request, const json& arguments) {
  const auto id = request.text("id"), op = request.text("op");
  if (!user_) return fail("60011", "Please log in");
  if (arguments.empty() || arguments.size() > trade_limit) return fail("60012", "Invalid request");
  const auto& account = dialect_.market().accounts().get(*user_);
  std::vector<std::string> out;
  bool good = true;
  for (const auto& a : arguments) {
    const auto f = request_fields::from_json(a);
    auto answered = op == "cancel-order" ? dialect_.cancel(account, f) : dialect_.place(account, f);
    good = good && answered.done;
    out.push_back(std::move(answered.json));
  }
  sender_.send(fmt::format(R"({{"id":{},"op":"{}","data":{},"code":"{}","msg":""}})", paper::quoted(id), op,
                           join_list(out), good ? 0 : 1));
}

void session::tell(std::string_view channel, std::string_view instrument, std::string_view data) {
  // A copy: sending may cut the session off, which clears the list.
  const auto topics = private_topics_;
  for (const auto& t : topics)
    if (t.channel == channel && (t.instrument.empty() || instrument.empty() || t.instrument == instrument))
      sender_.send(fmt::format(R"({{"arg":{},"data":[{}]}})", t.argument, data));
}

}  // namespace drover::exchanges::paper::okx
