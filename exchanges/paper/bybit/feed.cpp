#include <fmt/format.h>

#include <algorithm>

#include "exchanges/paper/bybit/bybit_dialect.hpp"
#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::bybit {

namespace {

constexpr std::size_t arguments_limit = 10;

std::string dump(const json& value) {
  return value.dump(-1, ' ', true, json::error_handler_t::replace);
}

}  // namespace

session::session(bybit_dialect& d, std::string path)
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

void session::answer(std::string_view op, bool success, std::string_view message, const json& request) {
  const auto id = request.contains("req_id")
                      ? dump(request["req_id"].is_string() ? request["req_id"] : json(dump(request["req_id"])))
                      : std::string(R"("")");
  sender_.send(fmt::format(R"({{"success":{},"ret_msg":{},"conn_id":"cecl3tj2p3b1k5e9q1a0","req_id":{},"op":"{}"}})",
                           success, paper::quoted(message), id, op));
}

void session::on_message(std::string_view message, bool) {
  auto request = read_loose_json(message);
  if (!request || !request->is_object()) return answer("", false, "Invalid request", json::object());
  const auto op = request->value("op", json());
  if (op == "ping" && is_private())
    return sender_.send(
        fmt::format(R"({{"req_id":"","op":"pong","args":["{}"],"conn_id":"c"}})", dialect_.market().now().ms()));
  if (op == "ping") return answer("ping", true, "pong", *request);
  if (op == "auth") return log_in(*request);
  if (op == "subscribe" || op == "unsubscribe") return subscribe(*request, op == "subscribe");
  if (op == "order.create" || op == "order.cancel") return trade(*request);
  answer("", false, "Invalid op", *request);
}

void session::log_in(const json& request) {
  const auto args = request.value("args", json::array());
  const auto text = [&](std::size_t i) {
    return args.is_array() && args.size() > i ? (args[i].is_string() ? args[i].get<std::string>() : dump(args[i]))
                                              : std::string();
  };
  const auto expires = text(1);
  auto when = decimal::parse(expires);
  if (!when || *when < decimal(dialect_.market().now().ms()))
    return answer("auth", false, "Params Error: expired", request);
  auto account = dialect_.authenticate(text(0), text(2), "GET/realtime" + expires, address_);
  if (!account) return answer("auth", false, account.error().message, request);
  if (user_) dialect_.users().remove(*user_, this);
  user_ = (*account)->number;
  dialect_.users().add(*user_, this);
  answer("auth", true, "", request);
}

void session::subscribe(const json& request, bool on) {
  const std::string_view op = on ? "subscribe" : "unsubscribe";
  const auto args = request.value("args", json::array());
  if (!args.is_array() || args.empty() || args.size() > arguments_limit)
    return answer(op, false, "args size >10", request);
  std::vector<std::string> first;
  for (const auto& a : args) {
    const auto topic = a.is_string() ? a.get<std::string>() : std::string();
    const auto base = topic.substr(0, topic.find('.'));
    const bool of_account = base == "order" || base == "execution" || base == "wallet";
    if (is_private() != of_account || (!of_account && !dialect_.find_topic(topic)))
      return answer(op, false, "error:handler not found,topic:" + topic, request);
    if (of_account) {
      if (!user_) return answer(op, false, "Request not authorized", request);
      std::erase(private_topics_, topic);
      if (on) private_topics_.push_back(topic);
      continue;
    }
    if (!on) {
      topics_.remove(topic);
      continue;
    }
    if (!topics_.add(dialect_.board(), topic)) return answer(op, false, "too many topics", request);
    if (auto text = dialect_.render_initial(topic); !text.empty()) first.push_back(std::move(text));
  }
  answer(op, true, is_private() ? "" : op, request);
  for (auto& text : first) sender_.send(std::move(text));
}

void session::trade(const json& request) {
  const auto head = request_fields::from_json(request);
  const auto id = head.text("reqId"), op = head.text("op");
  const auto args = request.value("args", json::array());
  if (!user_ || !args.is_array() || args.empty()) return answer(op, false, "Request not authorized", request);
  const auto fields = request_fields::from_json(args.front());
  const auto& account = dialect_.market().accounts().get(*user_);
  auto done = op == "order.create" ? dialect_.place(account, fields) : dialect_.cancel(account, fields);
  sender_.send(fmt::format(
      R"({{"reqId":{},"retCode":{},"retMsg":{},"op":"{}","data":{},"retExtInfo":{{}},"header":{{}},"connId":"c"}})",
      paper::quoted(id), done ? 0 : done.error().code, paper::quoted(done ? "OK" : done.error().message), op,
      done ? *done : "{}"));
}

void session::tell(std::string_view topic, std::string_view data) {
  // "order.spot" asks for a part of what "order" tells: all of ours is spot.
  const auto wanted = std::ranges::find_if(
      private_topics_, [&](const std::string& t) { return t == topic || t.starts_with(std::string(topic) + "."); });
  if (wanted == private_topics_.end()) return;
  sender_.send(fmt::format(R"({{"id":"i","topic":"{}","creationTime":{},"data":{}}})", *wanted,
                           dialect_.market().now().ms(), data));
}

}  // namespace drover::exchanges::paper::bybit
