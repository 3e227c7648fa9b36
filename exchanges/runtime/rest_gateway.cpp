#include "exchanges/runtime/rest_gateway.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <type_traits>
#include <utility>

#include "exchanges/raw/call_text.hpp"
#include "exchanges/runtime/redaction.hpp"

namespace drover::exchanges {

namespace {

/// How long a request may wait for the venue's budget. An entry that is late is better not sent; reconciling ten thousand
/// accounts takes its time.
nanoseconds ledger_patience(lane l) {
  constexpr std::array<nanoseconds, 5> table{10s, 10s, 3s, 5min, 30s};
  return table[static_cast<std::size_t>(l)];
}

/// Cancels must leave whatever we think of the venue.
bool is_urgent(lane l) { return l == lane::kill || l == lane::protective; }

const std::string& symbol_of(const venue_call& call) {
  if (!call.symbol.empty()) return call.symbol;
  return call.op == operation::create_order ? call.order.symbol : call.of.symbol;
}

bool holds_token(operation op) { return op == operation::stream_access || op == operation::keep_stream_access; }

template <class T>
constexpr bool is_list = false;
template <class T>
constexpr bool is_list<std::vector<T>> = true;

/// Lists grow, of other answers the last one counts.
void join(venue_answer& all, venue_answer next) {
  std::visit(
      [&all](auto& value) {
        using value_type = std::remove_cvref_t<decltype(value)>;
        if constexpr (is_list<value_type>) {
          if (auto* list = std::get_if<value_type>(&all)) {
            list->insert(list->end(), std::make_move_iterator(value.begin()), std::make_move_iterator(value.end()));
            return;
          }
        }
        const bool keeps = std::is_same_v<value_type, nothing> && !std::holds_alternative<nothing>(all);
        if (!keeps) all = std::move(value);
      },
      next);
}

error make_away_error(const circuit_breaker& breaker, steady_time now) {
  const auto wait = std::chrono::ceil<milliseconds>(breaker.wait(now));
  error e(exchange_errc::maintenance, "the exchange does not answer (" + breaker.reason() + "); nothing was sent, it is tried again shortly");
  e.retry_after = std::max(wait, milliseconds(1));
  return e;
}

}  // namespace

error map_transport_error(const error& e) {
  if (e.code == make_error_code(transport_errc::not_sent)) return {exchange_errc::not_sent, e.detail};
  if (e.code == make_error_code(transport_errc::withheld)) return {exchange_errc::not_sent, e.detail};
  return {exchange_errc::unknown_outcome, e.detail};
}

/// Leave of both breakers; its outcome is told to both, or that it never left.
class rest_gateway::passage {
 public:
  passage(rest_gateway& gateway, key_session* keys) : gateway_(gateway), keys_(keys) {}
  passage(const passage&) = delete;
  passage& operator=(const passage&) = delete;
  ~passage() {
    if (venue_probe_) gateway_.breaker_.abandoned();
    if (key_probe_) keys_->breaker.abandoned();
  }

  std::optional<error> ask(bool urgent, steady_time now) {
    using enum circuit_breaker::verdict;
    const auto venue = gateway_.breaker_.ask(now);
    venue_probe_ = venue == probe;
    if (venue == refuse && !urgent) return make_away_error(gateway_.breaker_, now);
    if (!keys_) return std::nullopt;
    const auto own = keys_->breaker.ask(now);
    key_probe_ = own == probe;
    if (own == refuse && !urgent) return make_away_error(keys_->breaker, now);
    return std::nullopt;
  }
  void tell(bool failed, std::string_view reason, nanoseconds round_trip, steady_time now) {
    venue_probe_ = key_probe_ = false;
    tell(gateway_.breaker_, gateway_.health_, failed, reason, round_trip, now);
    if (keys_) tell(keys_->breaker, keys_->health, failed, reason, round_trip, now);
  }

 private:
  static void tell(circuit_breaker& breaker, health_meter& health, bool failed, std::string_view reason, nanoseconds trip,
                   steady_time now) {
    health.add(now, trip, failed);
    if (failed)
      breaker.failed(reason, now);
    else
      breaker.succeeded();
  }

  rest_gateway& gateway_;
  key_session* keys_;
  bool venue_probe_ = false, key_probe_ = false;
};

rest_gateway::rest_gateway(const venue_protocol& protocol, const exchange_config& config, const exchange_parts& parts,
                           rate_ledger& ledger)
    : protocol_(protocol),
      parts_(parts),
      ledger_(ledger),
      base_url_(config.rest_url),
      stream_(config.name + ".rest"),
      request_timeout_(config.request_timeout),
      receive_window_(config.receive_window),
      missed_polls_(parts.recorder, parts.timers.get_clock(), stream_) {}

void rest_gateway::use(clock_sync& clock, instrument_cache& instruments) {
  clock_ = &clock;
  instruments_ = &instruments;
}

wall_time rest_gateway::server_now() const { return clock_->server_now(); }

void rest_gateway::refresh_clock() { clock_->refresh(); }

signing_context rest_gateway::make_context() {
  constexpr std::size_t random_bytes = 16;
  signing_context context;
  context.server_now = server_now();
  context.validity_window = receive_window_;
  // One counter for all keys of the venue: greater than every one before, whoever sent it.
  last_nonce_ = std::max(last_nonce_ + 1, context.server_now.ms());
  context.nonce = last_nonce_;
  context.random_hex = parts_.random.hex(random_bytes);
  context.base_url = base_url_;
  return context;
}

task<result<venue_answer>> rest_gateway::call(venue_call now, lane l, std::shared_ptr<key_session> keys) {
  if (is_private(now.op) && keys) co_await clock_->wait_for_first();
  venue_answer joined;
  const send_check why_not = now.why_not;
  bool wrote = false;
  for (int step = 0; step < step_limit; ++step) {
    const bool written_before = wrote;
    auto reply = co_await send_step(now, l, keys.get(), wrote);
    if (!reply) {
      // What an earlier step did stands, whatever became of this one.
      if (written_before) co_return fail(exchange_errc::unknown_outcome, reply.error().to_string());
      co_return std::unexpected(std::move(reply.error()));
    }
    join(joined, std::move(reply->answer));
    if (!reply->next) co_return joined;
    now = std::move(*reply->next);
    // What has begun is finished.
    if (!wrote) now.why_not = why_not;
  }
  co_return fail(errc::out_of_range, std::string(to_string(now.op)) + ": the answer takes more requests than one call makes");
}

task<result<venue_reply>> rest_gateway::send_step(const venue_call& call, lane l, key_session* keys, bool& wrote) {
  auto wire = protocol_.make_request(call);
  if (!wire) co_return std::unexpected(std::move(wire.error()));
  const auto wanted_at = parts_.timers.get_clock().wall_now();
  auto answer = co_await exchange_bytes(call, l, keys, *wire, wrote);
  note_outcome(call, keys, wanted_at, answer ? nullptr : &answer.error());
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  const bool redacted = holds_token(call.op);
  if (!redacted) record(call, *wire, keys, *answer, venue_reply{});
  auto reply = protocol_.read_answer(call, *answer, *instruments_->known());
  if (redacted) record(call, *wire, keys, *answer, reply);
  if (!reply && reply.error().code == make_error_code(exchange_errc::clock_skew)) clock_->refresh();
  co_return reply;
}

task<result<client_response>> rest_gateway::exchange_bytes(const venue_call& call, lane l, key_session* keys,
                                                           const wire_request& wire, bool& wrote) {
  const auto& clock = parts_.timers.get_clock();
  passage way(*this, keys);
  if (auto away = way.ask(is_urgent(l), clock.now())) co_return std::unexpected(std::move(*away));
  const auto patience = clock.now() + ledger_patience(l);
  const std::string_view label = keys ? std::string_view(keys->label) : std::string_view();
  auto grant = co_await ledger_.acquire(l, wire.charges, label, symbol_of(call), patience);
  if (!grant) co_return std::unexpected(std::move(grant.error()));
  std::optional<turn_queue::turn> turn;
  if (keys && protocol_.traits().serial_nonce) {
    auto came = co_await keys->turns.enter(l, parts_.timers, patience);
    if (came) turn.emplace(std::move(*came));
    if (!turn) co_return fail(exchange_errc::rate_limited, "too many requests of this key wait for each other");
  }
  auto request = sign(call, wire, keys);
  if (!request) co_return std::unexpected(std::move(request.error()));
  request->source_address = ledger_.source_address(grant->source);
  const auto sent_at = clock.now();
  const auto sent_wall = clock.wall_now();
  const bool changes_something = is_write(call.op) && wire.method != "GET";
  const bool wrote_before = std::exchange(wrote, wrote || changes_something);
  auto answer = co_await parts_.http.send(std::move(*request));
  const auto now = clock.now();
  if (!answer) {
    auto mapped = map_transport_error(answer.error());
    if (mapped.code == make_error_code(exchange_errc::not_sent)) wrote = wrote_before;
    if (answer.error().code == make_error_code(transport_errc::withheld)) co_return std::unexpected(std::move(mapped));
    const auto reason = std::string(wire.endpoint) + ": " + answer.error().to_string();
    way.tell(true, reason, now - sent_at, now);
    // The answer to a change may have been lost on the way; what came of the order is asked for later.
    if (is_write(call.op)) {
      data_gap gap{stream_, sent_wall, clock.wall_now(), reason};
      gap.account = label;
      gap.symbol = symbol_of(call);
      parts_.recorder.note_gap(gap);
    }
    co_return std::unexpected(std::move(mapped));
  }
  constexpr int first_server_error = 500;
  const bool failed = answer->status >= first_server_error;
  const auto reason = failed ? std::string(wire.endpoint) + ": HTTP " + std::to_string(answer->status) : std::string();
  way.tell(failed, reason, now - sent_at, now);
  ledger_.apply(protocol_.read_limits(wire, *answer, server_now()), *grant, label, symbol_of(call));
  co_return std::move(*answer);
}

void rest_gateway::note_outcome(const venue_call& call, const key_session* keys, wall_time wanted_at, const error* missed) {
  if (is_write(call.op)) return;
  const std::string_view label = keys ? std::string_view(keys->label) : std::string_view();
  if (missed)
    missed_polls_.missed(call.op, symbol_of(call), label, wanted_at, missed->to_string());
  else
    missed_polls_.answered(call.op, symbol_of(call), label);
}

result<client_request> rest_gateway::sign(const venue_call& call, const wire_request& wire, key_session* keys) {
  auto context = make_context();
  context.validity_window = call.validity_window;
  std::optional<credentials> opened;
  if (wire.is_private) {
    if (!keys) return fail(exchange_errc::not_sent, "this request needs credentials");
    auto clear = keys->keys();
    if (!clear) return fail(exchange_errc::not_sent, clear.error().to_string());
    opened = std::move(*clear);
  }
  auto request = protocol_.sign(wire, opened ? &*opened : nullptr, context);
  if (!request) return request;
  request->deadline = request_timeout_;
  request->why_not = call.why_not;
  request->response_limit_bytes = wire.response_limit_bytes;
  return request;
}

void rest_gateway::record(const venue_call& call, const wire_request& wire, const key_session* keys,
                          const client_response& answer, const result<venue_reply>& read_as) const {
  const std::string_view label = keys ? std::string_view(keys->label) : std::string_view();
  std::string safe;
  std::string_view body = answer.body;
  if (holds_token(call.op)) {
    const auto* access = read_as ? std::get_if<std::shared_ptr<const stream_access>>(&read_as->answer) : nullptr;
    const bool known = access && *access && !(*access)->token.empty();
    safe = known ? redact(body, (*access)->token.reveal()) : redact_long_strings(body);
    body = safe;
  }
  parts_.recorder.record({raw_kind::rest_response, stream_, wire.endpoint, label, answer.status, body, to_string(call.op),
                          write_call_arguments(call)});
}

connection_health rest_gateway::read_health() const { return health_.read(parts_.timers.get_clock().now(), breaker_); }

connection_health rest_gateway::read_health(const key_session& keys) const {
  return keys.health.read(parts_.timers.get_clock().now(), keys.breaker);
}

}  // namespace drover::exchanges
