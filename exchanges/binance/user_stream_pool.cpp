#include "exchanges/binance/user_stream_pool.hpp"

#include <array>
#include <utility>

#include "exchanges/binance/signing.hpp"

namespace drover::exchanges::binance {

namespace {
/// Private streams are quiet; the venue pings every 20 s.
constexpr nanoseconds private_idle_limit = 60s;
constexpr nanoseconds instruments_retry = 5s;
}  // namespace

struct user_stream_pool::line {
  line(user_stream::parts p, const exchange_parts& parts, const stream_config& config)
      : protocol(std::move(p)), connection(parts, config, protocol) {}
  user_stream protocol;
  stream_connection connection;
};

user_stream_pool::user_stream_pool(const exchange_config& config, const exchange_parts& parts, task_scope& scope,
                                   rest_api& rest, rate_ledger& ledger, clock_sync& clock, instrument_cache& instruments)
    : receive_window_(config.receive_window),
      parts_(parts),
      scope_(scope),
      rest_(rest),
      ledger_(ledger),
      clock_(clock),
      instruments_(instruments) {
  config_.url = ws_api_url(config);
  config_.name = config.name + ".user";
  config_.idle_limit = private_idle_limit;
}

user_stream_pool::~user_stream_pool() = default;

slot_id user_stream_pool::add(handler on_event, credential_source keys, std::string label) {
  slot_id id{next_slot_++};
  members_.emplace(id, member{std::make_shared<handler>(std::move(on_event)), std::move(keys), nullptr});
  if (open_) {
    place(id, std::move(label));
    return id;
  }
  unplaced_.emplace_back(id, std::move(label));
  if (!opening_) {
    opening_ = true;
    scope_.spawn("open private streams", run_open());
  }
  return id;
}

task<void> user_stream_pool::run_open() {
  for (;;) {
    auto table = co_await instruments_.get();
    if (table) break;
    co_await sleep_for(parts_.timers, instruments_retry);
  }
  co_await clock_.wait_for_first();
  open_ = true;
  for (auto& [id, label] : std::exchange(unplaced_, {}))
    if (members_.contains(id)) place(id, std::move(label));
}

void user_stream_pool::place(slot_id id, std::string label) {
  auto& l = find_line();
  members_.at(id).on = &l;
  l.protocol.add(id, std::move(label));
  l.connection.poke();
}

user_stream_pool::line& user_stream_pool::find_line() {
  for (auto& l : lines_)
    if (l->protocol.size() < user_stream::account_limit) return *l;
  auto& l = *lines_.emplace_back(std::make_unique<line>(make_parts(), parts_, config_));
  scope_.spawn("private stream", l.connection.run());
  scope_.spawn("private stream sender", l.connection.run_sender());
  return l;
}

user_stream::parts user_stream_pool::make_parts() {
  return {.random = parts_.random,
          .make_subscribe = [this](slot_id id, std::string_view request) { return make_subscribe(id, request); },
          // Before orders of new bots, after what protects: an account without its stream trades blind.
          .take_weight = [this](int weight) { return take_weight(weight); },
          .instruments = [this] { return instruments_.known(); },
          .server_now = [this] { return rest_.server_now(); },
          .on_event = [this](slot_id id, const account_event& event) { deliver(id, event); },
          .on_refusal = [this](const error& e) { handle_refusal(e); }};
}

std::optional<nanoseconds> user_stream_pool::take_weight(int weight) {
  const std::array charges{rate_charge{rules::request_weight, weight}};
  auto grant = ledger_.try_acquire(lane::protective, charges, {});
  if (!grant) return grant.error();
  return std::nullopt;
}

result<std::string> user_stream_pool::make_subscribe(slot_id id, std::string_view request_id) {
  auto keys = members_.at(id).keys();
  if (!keys) return std::unexpected(keys.error());
  return make_subscribe_frame(*keys, request_id, rest_.server_now().ms(), receive_window_);
}

void user_stream_pool::deliver(slot_id id, const account_event& event) {
  auto found = members_.find(id);
  if (found == members_.end()) return;
  // The account may go away inside its own handler.
  auto kept = found->second.on_event;
  (*kept)(event);
}

void user_stream_pool::handle_refusal(const error& e) {
  if (e.code == make_error_code(exchange_errc::rate_limited) && e.retry_after) {
    limit_report report;
    report.address_ban = *e.retry_after;
    ledger_.apply(report, rate_grant{}, {});
  }
  if (e.code == make_error_code(exchange_errc::clock_skew)) clock_.refresh();
}

void user_stream_pool::remove(slot_id id) {
  auto found = members_.find(id);
  if (found == members_.end()) return;
  if (auto* on = found->second.on) {
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
