#include "exchanges/binance/user_stream.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/log.hpp"
#include "exchanges/binance/endpoints.hpp"
#include "exchanges/binance/errors.hpp"
#include "exchanges/binance/parse.hpp"
#include "exchanges/binance/signing.hpp"

namespace drover::exchanges::binance {

namespace {

const logger log("binance");
constexpr std::uint64_t log_every = 1000;
constexpr slot_id no_slot{0};

void keep_earlier(std::optional<steady_time>& at, steady_time other) { at = at ? std::min(*at, other) : other; }

}  // namespace

user_stream::user_stream(parts p) : parts_(std::move(p)) {}

void user_stream::make_wait(slot_id id, slot& s, steady_time due) {
  if (s.due) waiting_.erase({*s.due, id});
  s.due = due;
  waiting_.insert({due, id});
}

void user_stream::add(slot_id id, std::string label) {
  auto& s = slots_[id];
  s.label = std::move(label);
  make_wait(id, s, now_);
}

void user_stream::remove(slot_id id) {
  auto found = slots_.find(id);
  if (found == slots_.end()) return;
  auto& s = found->second;
  if (s.due) waiting_.erase({*s.due, id});
  if (parts_.coverage) parts_.coverage->forget(s.label);
  // A request still open is answered later: the subscription it brings is given up then.
  if (s.request) open_requests_[*s.request].slot = no_slot;
  if (s.subscription) {
    by_subscription_.erase(*s.subscription);
    to_unsubscribe_.push_back(*s.subscription);
  }
  slots_.erase(found);
}

void user_stream::on_open(steady_time now) {
  now_ = next_batch_at_ = now;
  for (auto& [id, s] : slots_)
    if (!s.due || *s.due < now) make_wait(id, s, now);
}

void user_stream::on_close(std::string_view reason, steady_time now) {
  now_ = now;
  open_requests_.clear();
  to_unsubscribe_.clear();
  auto lost = std::exchange(by_subscription_, {});
  for (auto& [id, s] : slots_) {
    if (!s.due) make_wait(id, s, now);
    if (parts_.coverage) parts_.coverage->lost(s.label, reason);
    s.request.reset();
    s.subscription.reset();
  }
  // The handlers may add and remove accounts: state is settled before the first is called.
  for (const auto& [subscription, id] : lost)
    if (slots_.contains(id)) tell(id, stream_lost{std::string(reason)});
}

stream_protocol::action user_stream::next_action(steady_time now) {
  now_ = now;
  action out;
  if (!open_requests_.empty()) {
    auto oldest = open_requests_.begin()->second.sent_at;
    if (now - oldest >= answer_limit) {
      out.give_up = "no answer to a subscription";
      return out;
    }
    keep_earlier(out.wake_at, oldest + answer_limit);
  }
  for (auto subscription : std::exchange(to_unsubscribe_, {}))
    out.frames.push_back(make_unsubscribe_frame("u" + std::to_string(subscription), subscription));
  if (waiting_.empty()) return out;
  if (now < next_batch_at_) {
    keep_earlier(out.wake_at, std::max(next_batch_at_, waiting_.begin()->due));
    return out;
  }
  std::size_t sent = 0;
  while (!waiting_.empty() && waiting_.begin()->due <= now && sent < batch_limit &&
         open_requests_.size() < unanswered_limit) {
    if (auto wait = parts_.take_weight(subscribe_weight)) {
      keep_earlier(out.wake_at, now + *wait);
      return out;
    }
    auto id = waiting_.begin()->id;
    send_subscribe(id, slots_.at(id), now, out.frames);
    ++sent;
  }
  if (sent) next_batch_at_ = now + batch_interval;
  // With too many unanswered, the next answer asks again.
  if (!waiting_.empty() && open_requests_.size() < unanswered_limit)
    keep_earlier(out.wake_at, std::max(next_batch_at_, waiting_.begin()->due));
  return out;
}

void user_stream::send_subscribe(slot_id id, slot& s, steady_time now, std::vector<std::string>& frames) {
  waiting_.erase({*s.due, id});
  s.due.reset();
  auto request = next_request_++;
  auto frame = parts_.make_subscribe(id, std::to_string(request));
  if (!frame) return handle_refusal(id, frame.error(), now);
  s.request = request;
  open_requests_.emplace(request, open_request{id, now});
  frames.push_back(std::move(*frame));
}

void user_stream::handle_refusal(slot_id id, const error& e, steady_time now) {
  auto& s = slots_.at(id);
  nanoseconds wait = s.refusals.next(parts_.random);
  if (e.retry_after) wait = std::max<nanoseconds>(wait, *e.retry_after);
  make_wait(id, s, now + wait);
  log.warn("private stream refused", {{"account", s.label}, {"err", e}});
  parts_.on_refusal(e);
  if (slots_.contains(id)) tell(id, stream_lost{e.to_string()});
}

void user_stream::tell(slot_id id, const account_event& event) {
  if (parts_.coverage) {
    const auto& label = slots_.at(id).label;
    if (std::holds_alternative<stream_opened>(event)) parts_.coverage->opened(label);
    if (const auto* lost = std::get_if<stream_lost>(&event)) parts_.coverage->lost(label, lost->reason);
  }
  parts_.on_event(id, event);
}

void user_stream::lose(slot_id id, slot& s, std::string_view reason) {
  by_subscription_.erase(*s.subscription);
  s.subscription.reset();
  make_wait(id, s, now_ + s.refusals.next(parts_.random));
  tell(id, stream_lost{std::string(reason)});
}

void user_stream::handle_answer(const user_answer& answer, steady_time now) {
  std::uint64_t request = 0;
  std::from_chars(answer.id.data(), answer.id.data() + answer.id.size(), request);
  auto found = open_requests_.find(request);
  if (found == open_requests_.end()) return;
  auto id = found->second.slot;
  open_requests_.erase(found);
  if (id == no_slot) {
    if (answer.subscription_id) to_unsubscribe_.push_back(*answer.subscription_id);
    return;
  }
  auto& s = slots_.at(id);
  s.request.reset();
  if (!answer.subscription_id) {
    auto refusal = answer.refusal.value_or(venue_error{});
    auto e = classify(operation::stream_access, answer.status, refusal.code, refusal.message, parts_.server_now());
    return handle_refusal(id, e, now);
  }
  s.subscription = *answer.subscription_id;
  s.refusals.reset();
  by_subscription_[*answer.subscription_id] = id;
  tell(id, stream_opened{});
}

slot_id user_stream::find_subscription(std::int64_t subscription_id) const {
  auto found = by_subscription_.find(subscription_id);
  return found == by_subscription_.end() ? no_slot : found->second;
}

void user_stream::on_message(std::string_view frame, steady_time now) {
  now_ = now;
  if (parts_.coverage) parts_.coverage->heard();
  auto table = parts_.instruments();
  auto parsed = parse_user_frame(frame, *table);
  if (!parsed) {
    // A lost report would be a silent gap: the account is told that its stream is not complete.
    if (unreadable_++ % log_every == 0)
      log.warn("unreadable private frame", {{"count", unreadable_}, {"err", parsed.error()}});
    auto label = account_of(frame);
    for (auto& [id, s] : slots_)
      if (!label.empty() && s.label == label && s.subscription) {
        to_unsubscribe_.push_back(*s.subscription);
        return lose(id, s, "an event could not be read");
      }
    return;
  }
  if (const auto* answer = std::get_if<user_answer>(&*parsed)) return handle_answer(*answer, now);
  auto* event = std::get_if<user_event>(&*parsed);
  if (!event) return;
  auto id = find_subscription(event->subscription_id);
  if (id == no_slot) return;
  if (std::holds_alternative<stream_terminated>(event->body))
    return lose(id, slots_.at(id), "the exchange ended the subscription");
  if (auto* order = std::get_if<order_event>(&event->body)) return parts_.on_event(id, std::move(*order));
  if (auto* balances = std::get_if<balance_event>(&event->body)) parts_.on_event(id, std::move(*balances));
}

slot_id user_stream::find_request(std::string_view request_id) const {
  std::uint64_t request = 0;
  std::from_chars(request_id.data(), request_id.data() + request_id.size(), request);
  auto found = open_requests_.find(request);
  return found == open_requests_.end() ? no_slot : found->second.slot;
}

/// Answers to requests begin with the request's id; they name the subscription for the first time.
std::string_view user_stream::account_of(std::string_view frame) const {
  constexpr std::string_view key = "\"subscriptionId\":", request_key = "{\"id\":\"";
  auto id = no_slot;
  if (frame.starts_with(request_key)) {
    const auto text = frame.substr(request_key.size());
    id = find_request(text.substr(0, text.find('"')));
  } else if (auto at = frame.find(key); at != std::string_view::npos) {
    auto digits = frame.substr(at + key.size());
    while (digits.starts_with(' ')) digits.remove_prefix(1);
    std::int64_t subscription = -1;
    std::from_chars(digits.data(), digits.data() + digits.size(), subscription);
    id = find_subscription(subscription);
  }
  return id == no_slot ? std::string_view() : std::string_view(slots_.at(id).label);
}

}  // namespace drover::exchanges::binance
