#include "exchanges/binance/user_stream_pool.hpp"

#include <array>
#include <utility>

#include "exchanges/binance/endpoints.hpp"
#include "exchanges/binance/signing.hpp"
#include "exchanges/runtime/steady_part.hpp"

namespace drover::exchanges::binance {

namespace {
/// Private streams are quiet; the venue pings every 20 s.
constexpr nanoseconds private_idle_limit = 60s;
constexpr nanoseconds instruments_retry = 5s;
}  // namespace

struct user_stream_pool::line {
  line(user_stream_pool& pool, user_stream::parts p, const exchange_parts& parts, stream_config config)
      : coverage(parts.recorder, parts.timers.get_clock(), config.name),
        protocol(with(std::move(p), pool)),
        connection(parts, with(std::move(config), pool), protocol) {}
  account_coverage coverage;
  user_stream protocol;
  stream_connection connection;
  /// Its accounts move to other connections: nobody joins it.
  bool aging = false;

 private:
  user_stream::parts with(user_stream::parts p, user_stream_pool& pool) {
    p.coverage = &coverage;
    p.on_event = [this, &pool](slot_id id, const account_event& event) { pool.deliver(*this, id, event); };
    return p;
  }
  stream_config with(stream_config config, user_stream_pool& pool) {
    config.on_renewal = [this, &pool] { pool.begin_handover(*this); };
    return config;
  }
};

user_stream_pool::user_stream_pool(const feed_parts& parts) : parts_(parts) {
  config_.find_target = [this] { return find_target(); };
  config_.name = parts_.config.name + ".user";
  config_.idle_limit = private_idle_limit;
  config_.gate = &parts_.stream_gate;
}

user_stream_pool::~user_stream_pool() = default;

slot_id user_stream_pool::add(handler on_event, std::shared_ptr<key_session> keys) {
  slot_id id{next_slot_++};
  members_.emplace(id, member{std::make_shared<handler>(std::move(on_event)), std::move(keys)});
  if (open_) {
    place(id);
    return id;
  }
  unplaced_.push_back(id);
  if (!opening_) {
    opening_ = true;
    spawn_steadily(parts_.scope, "open private streams", config_.name, parts_.parts, [this] { return run_open(); });
  }
  return id;
}

task<void> user_stream_pool::run_open() {
  for (;;) {
    auto table = co_await parts_.instruments.get();
    if (table) break;
    co_await sleep_for(parts_.parts.timers, instruments_retry);
  }
  co_await parts_.clock.wait_for_first();
  open_ = true;
  while (!unplaced_.empty()) {
    const auto id = unplaced_.front();
    unplaced_.pop_front();
    if (members_.contains(id)) place(id);
  }
}

void user_stream_pool::place(slot_id id) {
  auto& l = find_line();
  auto& m = members_.at(id);
  m.on = &l;
  l.protocol.add(id, m.keys->label);
  l.connection.poke();
}

user_stream_pool::line& user_stream_pool::find_line() {
  for (auto& l : lines_)
    if (l->protocol.size() < user_stream::account_limit && !l->aging) return *l;
  auto& l = *lines_.emplace_back(std::make_unique<line>(*this, make_parts(), parts_.parts, config_));
  spawn_steadily(parts_.scope, "private stream", config_.name, parts_.parts, [&l] { return l.connection.run(); });
  spawn_steadily(parts_.scope, "private stream sender", config_.name, parts_.parts, [&l] { return l.connection.run_sender(); });
  return l;
}

task<result<stream_target>> user_stream_pool::find_target() {
  const auto deadline = parts_.parts.timers.get_clock().now() + connect_patience;
  auto grant = co_await parts_.ledger.acquire(lane::protective, connect_charges, {}, {}, deadline);
  if (!grant) co_return std::unexpected(std::move(grant.error()));
  co_return stream_target{ws_api_url(parts_.config.ws_api_url), parts_.ledger.source_address(grant->source)};
}

user_stream::parts user_stream_pool::make_parts() {
  return {.random = parts_.parts.random,
          .make_subscribe = [this](slot_id id, std::string_view request) { return make_subscribe(id, request); },
          // Before orders of new bots, after what protects: an account without its stream trades blind.
          .take_weight = [this](int weight) { return take_weight(weight); },
          .instruments = [this] { return parts_.instruments.known(); },
          .server_now = [this] { return parts_.gateway.server_now(); },
          .on_event = {},
          .on_refusal = [this](const error& e) { handle_refusal(e); },
          .coverage = nullptr};
}

std::optional<nanoseconds> user_stream_pool::take_weight(int weight) {
  const std::array charges{rate_charge{rules::request_weight, weight}};
  auto grant = parts_.ledger.try_acquire(lane::protective, charges, {});
  if (!grant) return grant.error();
  return std::nullopt;
}

result<std::string> user_stream_pool::make_subscribe(slot_id id, std::string_view request_id) {
  auto keys = members_.at(id).keys->keys();
  if (!keys) return std::unexpected(keys.error());
  return make_subscribe_frame(*keys, request_id, parts_.gateway.server_now().ms(), parts_.config.receive_window);
}

/// Its accounts are subscribed on other connections as well; each leaves this one when it is.
void user_stream_pool::begin_handover(line& old) {
  if (old.aging) return;
  old.aging = true;
  for (auto& [id, m] : members_) {
    if (m.on != &old || m.next) continue;
    m.next = &find_line();
    m.next->protocol.add(id, m.keys->label);
    m.next->connection.poke();
  }
}

/// False: the account has nothing to hear of it.
bool user_stream_pool::move_over(line& l, slot_id id, member& m, const account_event& event) {
  if (std::holds_alternative<stream_lost>(event)) {
    // The other one is still heard.
    l.coverage.forget(m.keys->label);
    return false;
  }
  if (!std::holds_alternative<stream_opened>(event)) return true;
  auto& old = *std::exchange(m.on, std::exchange(m.next, nullptr));
  old.protocol.remove(id);
  old.connection.poke();
  if (old.protocol.size() == 0) old.aging = false;
  return !std::exchange(m.open, true);
}

void user_stream_pool::deliver(line& l, slot_id id, const account_event& event) {
  const auto found = members_.find(id);
  if (found == members_.end()) return;
  auto& m = found->second;
  if (m.next == &l) {
    if (!move_over(l, id, m, event)) return;
  } else if (m.on == &l) {
    if (std::holds_alternative<stream_opened>(event)) m.open = true;
    if (std::holds_alternative<stream_lost>(event)) m.open = false;
  }
  // The account may go away inside its own handler.
  auto kept = m.on_event;
  (*kept)(event);
}

void user_stream_pool::handle_refusal(const error& e) {
  if (e.code == make_error_code(exchange_errc::rate_limited) && e.retry_after) {
    limit_report report;
    report.address_ban = *e.retry_after;
    parts_.ledger.apply(report, rate_grant{}, {});
  }
  if (e.code == make_error_code(exchange_errc::clock_skew)) parts_.gateway.refresh_clock();
}

void user_stream_pool::remove(slot_id id) {
  auto found = members_.find(id);
  if (found == members_.end()) return;
  for (auto* on : {found->second.on, found->second.next}) {
    if (!on) continue;
    on->protocol.remove(id);
    on->connection.poke();
  }
  members_.erase(found);
}

std::uint64_t user_stream_pool::reconnects() const {
  std::uint64_t sum = 0;
  for (const auto& l : lines_) sum += l->connection.reconnects();
  return sum;
}

}  // namespace drover::exchanges::binance
