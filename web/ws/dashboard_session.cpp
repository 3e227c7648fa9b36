#include "web/ws/dashboard_session.hpp"

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "engine/control/trading_control.hpp"
#include "web/problem.hpp"
#include "web/ws/hub.hpp"

namespace drover::web::ws {

namespace {

constexpr std::size_t unauthenticated_message_limit_bytes = 4096;
/// Per sweep (about a second); a dashboard sends a heartbeat now and then.
constexpr int message_limit = 100;
constexpr int complaint_limit = 16;

/// The object under `payload`, or `data` as the first dashboard's clients send it.
const json* find_payload(const json& message) {
  for (const auto* name : {"payload", "data"}) {
    auto it = message.find(name);
    if (it != message.end() && it->is_object()) return &*it;
  }
  return nullptr;
}

const std::string* find_text(const json* object, const char* name) {
  if (!object) return nullptr;
  auto it = object->find(name);
  return it == object->end() ? nullptr : it->get_ptr<const std::string*>();
}

std::optional<std::int64_t> find_integer(const json* object, const char* name) {
  if (!object) return std::nullopt;
  auto it = object->find(name);
  if (it == object->end() || !it->is_number_integer()) return std::nullopt;
  return it->get<std::int64_t>();
}

const std::string no_address;

}  // namespace

dashboard_session::dashboard_session(hub& h, topic t, std::uint64_t id, std::optional<tenants::principal> caller,
                                     std::string address)
    : hub_(h), address_(std::make_unique<std::string>(std::move(address))), id_(id), topic_(t) {
  if (caller) principal_ = std::move(*caller);
}

const std::string& dashboard_session::waiting_address() const {
  return address_ ? *address_ : no_address;
}

void dashboard_session::on_open(net::websocket_session& socket) {
  socket_ = &socket;
  opened_at_ = hub_.now();
  hub_.add(*this);
  const auto& config = hub_.config();
  bool known = principal_.user.valid();
  send(make_welcome({id_, !known, config.websocket_auth_timeout, config.websocket_heartbeat, config.environment,
                     hub_.parts().wall.wall_now()}));
  if (known) accept(std::move(principal_));
}

void dashboard_session::on_close(std::uint16_t) {
  socket_ = nullptr;
  hub_.remove(*this);
}

void dashboard_session::on_message(std::string_view message, bool binary) {
  if (!is_open()) return;
  if (binary) return close(close_unsupported, "text messages only");
  if (!is_authenticated() && message.size() > unauthenticated_message_limit_bytes)
    return close(close_too_big, "message too long");
  if (!count_message()) return close(close_policy, "too many messages");
  handle_message(message);
}

void dashboard_session::handle_message(std::string_view message) {
  auto parsed = parse_json(message);
  if (!parsed || !parsed->is_object()) return complain("malformed", "a message is a JSON object with a type");
  const auto* type = find_text(&*parsed, "type");
  if (!type) return complain("malformed", "a message is a JSON object with a type");
  const auto* payload = find_payload(*parsed);
  if (*type == "heartbeat") return send(hub_.make_heartbeat());
  if (*type == "auth") return handle_auth(find_text(payload, "token"));
  if (!is_authenticated()) return complain("not_authenticated", "authenticate first");
  if (*type == "connect") return send(make_connected(user(), id_));
  if (*type == "disconnect") return close(close_normal, "goodbye");
  if (*type != "resume") return complain("unknown_type", "there is no such type of message");
  auto seq = find_integer(payload, "seq");
  if (!seq) return complain("malformed", "resume needs payload.seq, an integer");
  hub_.resume(*this, *seq);
}

void dashboard_session::handle_auth(const std::string* token) {
  auto caller = token ? hub_.parts().directory.authenticate(*token, waiting_address())
                      : result<tenants::principal>(fail(crypto::token_errc::invalid));
  bool same_user = caller && (!is_authenticated() || caller->user == user());
  hub_.metrics().count_auth("socket", same_user ? "ok" : "refused");
  if (same_user) return accept(std::move(*caller));
  auto reason = caller ? std::string("this socket belongs to another user") : to_unauthorized(&caller.error()).detail;
  send(make_error("auth_failed", token ? reason : "auth needs payload.token"));
  state_ = state::refused;
  hub_.close_later(*this);
}

void dashboard_session::accept(tenants::principal caller) {
  bool first = !is_authenticated();
  principal_ = std::move(caller);
  state_ = state::authenticated;
  send(make_auth_success(user(), id_));
  if (!first) return;
  heartbeat_due_ = hub_.now() + hub_.config().websocket_heartbeat;
  hub_.join(*this);
  address_.reset();
}

void dashboard_session::complain(std::string_view code, std::string_view message) {
  if (++complaints_ >= complaint_limit) return close(close_policy, "too many mistakes");
  send(make_error(code, message));
}

bool dashboard_session::count_message() {
  return ++messages_since_sweep_ <= message_limit;
}

void dashboard_session::send(const frame& text) {
  if (!socket_) return;
  if (socket_->send(text))
    hub_.metrics().count_sent(topic_);
  else
    hub_.metrics().count_dropped(topic_, "queue_full");
}

void dashboard_session::close(std::uint16_t code, std::string_view reason) {
  if (socket_) socket_->close(code, reason);
}

void dashboard_session::close_unauthorized_because(std::string_view code, std::string_view message) {
  send(make_error(code, message));
  state_ = state::refused;
  close(close_unauthorized, message);
}

bool dashboard_session::still_allowed() const {
  const auto* control = hub_.parts().control;
  if (control != nullptr && control->is_locked_down() && principal_.role != tenants::role::admin) return false;
  return hub_.parts().directory.still_valid(principal_);
}

void dashboard_session::sweep(steady_time now, const frame& heartbeat, bool tell_now) {
  messages_since_sweep_ = 0;
  if (!is_open()) return;
  if (!is_authenticated()) {
    if (now - opened_at_ >= hub_.config().websocket_auth_timeout)
      close_unauthorized_because("auth_timeout", "nobody authenticated in time");
    return;
  }
  if (!still_allowed()) return close_unauthorized_because("session_ended", "the session has ended; log in again");
  if (now < heartbeat_due_ && !tell_now) return;
  heartbeat_due_ = now + hub_.config().websocket_heartbeat;
  if (!told_until) send(heartbeat);
}

}  // namespace drover::web::ws
