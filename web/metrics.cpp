#include "web/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <vector>

namespace drover::web {

namespace {

using labels = std::map<std::string, std::string>;

const prometheus::Histogram::BucketBoundaries latency_buckets{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                              0.1,    0.25,  0.5,    1,     2.5,  5,     10};

double seconds_of(nanoseconds d) {
  return std::chrono::duration<double>(d).count();
}

prometheus::Family<prometheus::Counter>& counters(prometheus::Registry& r, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(r);
}
prometheus::Family<prometheus::Gauge>& gauges(prometheus::Registry& r, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(r);
}
prometheus::Family<prometheus::Histogram>& histograms(prometheus::Registry& r, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(r);
}

/// {"USDT":"12.5"}; figures of a chart, not of the books.
std::map<std::string, double> sums_of(const std::string& by_asset) {
  std::map<std::string, double> out;
  const auto parsed = nlohmann::json::parse(by_asset, nullptr, false);
  if (!parsed.is_object()) return out;
  for (const auto& [asset, text] : parsed.items())
    if (text.is_string()) out[asset] = std::strtod(text.get_ref<const std::string&>().c_str(), nullptr);
  return out;
}

void raise_to(prometheus::Counter& counter, double value) {
  if (value > counter.Value()) counter.Increment(value - counter.Value());
}

}  // namespace

struct web_metrics::state {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests =
      counters(registry, "engine_http_requests_total", "HTTP requests answered.");
  prometheus::Family<prometheus::Histogram>& durations =
      histograms(registry, "engine_http_request_duration_seconds", "Time from request read to response ready.");
  prometheus::Gauge& in_flight = gauges(registry, "engine_http_requests_in_flight", "Requests being handled.").Add({});
  prometheus::Gauge& connections = gauges(registry, "engine_http_connections", "Open HTTP connections.").Add({});
  prometheus::Family<prometheus::Gauge>& sockets = gauges(registry, "engine_ws_connections", "Open WebSockets.");
  prometheus::Family<prometheus::Counter>& sent =
      counters(registry, "engine_ws_messages_sent_total", "Messages handed to WebSockets.");
  prometheus::Family<prometheus::Counter>& dropped =
      counters(registry, "engine_ws_messages_dropped_total", "Messages overtaken by later state or not deliverable.");
  prometheus::Family<prometheus::Counter>& auth =
      counters(registry, "engine_auth_attempts_total", "Authentications by result.");
  struct auth_series {
    std::string method, result;
    prometheus::Counter* count;
  };
  /// The few there are: a request costs no label strings.
  std::vector<auth_series> auth_counts;
  prometheus::Histogram& push =
      histograms(registry, "engine_fill_push_duration_seconds", "Fill received to frame handed to the socket.")
          .Add({}, latency_buckets);
  prometheus::Gauge& lag =
      gauges(registry, "engine_event_loop_lag_seconds", "Lateness of the web thread's last sweep.").Add({});
  prometheus::Gauge& users = gauges(registry, "engine_users_known", "Users in the directory.").Add({});
  prometheus::Gauge& trading_locked =
      gauges(registry, "engine_trading_locked", "1 while a lock or lockdown keeps all new orders from leaving.").Add({});
  prometheus::Gauge& login_locked = gauges(registry, "engine_login_locked", "1 while logins are locked.").Add({});
  prometheus::Gauge& active_kills = gauges(registry, "engine_kills_active", "Emergency stops that are not released.").Add({});
  prometheus::Family<prometheus::Gauge>& bots = gauges(registry, "engine_bots", "Bots by state.");
  prometheus::Family<prometheus::Counter>& orders =
      counters(registry, "engine_orders_total", "Orders over all users by result.");
  prometheus::Family<prometheus::Gauge>& limit_used =
      gauges(registry, "engine_exchange_rate_limit_used_ratio", "Used share of a limit, of the fullest address.");
  prometheus::Family<prometheus::Gauge>& limit_waiting =
      gauges(registry, "engine_exchange_rate_waiting", "Requests that wait for budget.");
  prometheus::Family<prometheus::Counter>& limit_granted =
      counters(registry, "engine_exchange_rate_granted_total", "Requests that got their budget.");
  prometheus::Family<prometheus::Counter>& limit_refused =
      counters(registry, "engine_exchange_rate_refused_total", "Requests that did not get budget in time.");
  prometheus::Family<prometheus::Counter>& limit_wait =
      counters(registry, "engine_exchange_rate_wait_seconds_total", "Time that requests waited for budget.");
  prometheus::Family<prometheus::Counter>& bans =
      counters(registry, "engine_exchange_bans_total", "Bans that exchanges imposed.");
  prometheus::Family<prometheus::Gauge>& latency =
      gauges(registry, "engine_exchange_latency_seconds", "Median round trip of an exchange's requests in the last minutes.");
  prometheus::Family<prometheus::Gauge>& message_age =
      gauges(registry, "engine_exchange_message_age_seconds", "Time since anything (stream=all) or market data (stream=market) came from an exchange.");
  prometheus::Family<prometheus::Gauge>& breakers = gauges(
      registry, "engine_exchange_circuit_breakers", "Circuit breakers by state: one of each exchange and one of each account.");
  prometheus::Family<prometheus::Counter>& reconnects =
      counters(registry, "engine_exchange_reconnects_total", "Streams that were lost.");
  prometheus::Family<prometheus::Counter>& raw_records =
      counters(registry, "engine_raw_records_total", "Raw records by what became of them.");
  prometheus::Family<prometheus::Counter>& raw_failures =
      counters(registry, "engine_raw_spool_failures_total", "Files that could not be synced or read.");
  prometheus::Family<prometheus::Gauge>& raw_backlog =
      gauges(registry, "engine_raw_spool_bytes", "Bytes that wait on the disk for the database.");
  prometheus::Family<prometheus::Gauge>& raw_segments =
      gauges(registry, "engine_raw_spool_segments", "Files that wait on the disk for the database.");
  prometheus::Family<prometheus::Counter>& raw_gaps =
      counters(registry, "engine_raw_gaps_total", "Gap rows: data of an exchange that was not received.");
  prometheus::Family<prometheus::Gauge>& raw_copied =
      gauges(registry, "engine_raw_stored_sequence", "Last number of a stream that is in the database.");
  prometheus::Gauge& order_errors =
      gauges(registry, "engine_order_error_ratio", "Orders refused or of unknown outcome, of those answered in the last five minutes.").Add({});
  prometheus::Family<prometheus::Gauge>& stored_orders = gauges(registry, "engine_orders", "Orders in the database by state.");
  prometheus::Family<prometheus::Counter>& volume =
      counters(registry, "engine_traded_volume_total", "Traded over all users, in the quote asset.");
  prometheus::Family<prometheus::Gauge>& realised =
      gauges(registry, "engine_realised_profit", "Realised over all users, in the quote asset.");
  prometheus::Counter& fills = counters(registry, "engine_fills_total", "Fills over all users.").Add({});
  prometheus::Counter& cpu = counters(registry, "process_cpu_seconds_total", "User and system processor time.").Add({});
  prometheus::Gauge& resident = gauges(registry, "process_resident_memory_bytes", "Resident memory.").Add({});
  prometheus::Gauge& virtual_memory = gauges(registry, "process_virtual_memory_bytes", "Virtual memory.").Add({});
  prometheus::Gauge& threads = gauges(registry, "process_threads", "Threads.").Add({});

  struct route_series {
    prometheus::Histogram* duration = nullptr;
    std::unordered_map<int, std::map<std::string, prometheus::Counter*, std::less<>>> by_status;
  };
  /// Keyed by the literal's address: a request costs two small look-ups and no label strings.
  std::unordered_map<const char*, route_series> routes;
  std::array<prometheus::Counter*, ws::topic_count> sent_by_topic{};

  void show_limits(const exchange_limits& e) {
    std::map<std::string, double> fullest;
    for (const auto& source : e.sources)
      for (const auto& level : source.levels) {
        const double used = level.limit > 0 ? static_cast<double>(level.used) / static_cast<double>(level.limit) : 0;
        auto& most = fullest[level.rule];
        most = std::max(most, used);
      }
    for (const auto& [rule, used] : fullest) limit_used.Add({{"exchange", e.exchange}, {"bucket", rule}}).Set(used);
    for (const auto& lane : e.lanes) {
      const labels l{{"exchange", e.exchange}, {"lane", lane.name}};
      limit_waiting.Add(l).Set(static_cast<double>(lane.waiting));
      raise_to(limit_granted.Add(l), static_cast<double>(lane.granted));
      raise_to(limit_refused.Add(l), static_cast<double>(lane.refused));
      raise_to(limit_wait.Add(l), seconds_of(lane.waited));
    }
    raise_to(bans.Add({{"exchange", e.exchange}, {"of", "address"}}), static_cast<double>(e.address_bans));
    raise_to(bans.Add({{"exchange", e.exchange}, {"of", "account"}}), static_cast<double>(e.account_bans));
    show_health(e.exchange, e.health);
  }

  /// What is not known has no line, rather than a wrong one.
  static void set_or_remove(prometheus::Family<prometheus::Gauge>& family, const labels& l, std::optional<milliseconds> value) {
    auto& gauge = family.Add(l);
    if (value)
      gauge.Set(seconds_of(*value));
    else
      family.Remove(&gauge);
  }

  void show_health(const std::string& exchange, const exchange_limits::connections& h) {
    set_or_remove(latency, {{"exchange", exchange}}, h.latency_median);
    set_or_remove(message_age, {{"exchange", exchange}, {"stream", "all"}}, h.message_age);
    set_or_remove(message_age, {{"exchange", exchange}, {"stream", "market"}}, h.market_data_age);
    raise_to(reconnects.Add({{"exchange", exchange}}), static_cast<double>(h.reconnects));
    for (const auto* state : {"closed", "half_open", "open"}) {
      const auto found = h.account_breakers.find(state);
      const auto count = found == h.account_breakers.end() ? 0 : found->second;
      breakers.Add({{"exchange", exchange}, {"of", "exchange"}, {"state", state}}).Set(h.breaker == state ? 1 : 0);
      breakers.Add({{"exchange", exchange}, {"of", "account"}, {"state", state}}).Set(static_cast<double>(count));
    }
  }

  void show_journal(const engine::order_journal::statistics& j) {
    const auto show = [this](const char* state, std::int64_t count) { stored_orders.Add({{"state", state}}).Set(static_cast<double>(count)); };
    show("intended", j.intended);
    show("accepted", j.accepted);
    show("unknown", j.unknown);
    show("refused", j.refused);
    show("not_placed", j.not_placed);
    show("closed", j.closed);
    for (const auto& [asset, sum] : sums_of(j.volume_json)) raise_to(volume.Add({{"asset", asset}}), sum);
    for (const auto& [asset, sum] : sums_of(j.realised_json)) realised.Add({{"asset", asset}}).Set(sum);
  }

  void show_recorder(const recorder_report& r) {
    const auto raise = [](auto& family, const char* label, const char* name, std::uint64_t value) {
      raise_to(family.Add({{label, name}}), static_cast<double>(value));
    };
    raise(raw_records, "result", "recorded", r.recorded);
    raise(raw_records, "result", "stored", r.stored);
    raise(raw_records, "result", "dropped", r.dropped);
    raise(raw_records, "result", "quarantined", r.quarantined);
    raise(raw_failures, "reason", "sync", r.sync_failures);
    raise(raw_failures, "reason", "left_alone", r.segments_left_alone);
    raw_backlog.Add({}).Set(static_cast<double>(r.spooled_bytes));
    raw_segments.Add({}).Set(static_cast<double>(r.segments));
    for (const auto& [exchange, count] : r.gaps) raise(raw_gaps, "exchange", exchange.c_str(), count);
    for (const auto& [stream, sequence] : r.stored_to) raw_copied.Add({{"stream", stream}}).Set(static_cast<double>(sequence));
  }
};

web_metrics::web_metrics(std::string_view version, std::string_view revision) : state_(std::make_unique<state>()) {
  gauges(state_->registry, "engine_build_info", "Version of this process.")
      .Add({{"version", std::string(version)}, {"revision", std::string(revision)}, {"compiler", __VERSION__}})
      .Set(1);
  for (std::size_t i = 0; i < ws::topic_count; ++i)
    state_->sent_by_topic[i] = &state_->sent.Add({{"endpoint", std::string(ws::to_string(static_cast<ws::topic>(i)))}});
}
web_metrics::~web_metrics() = default;

void web_metrics::request_started() {
  state_->in_flight.Increment();
}

void web_metrics::request_ended(std::string_view method, std::string_view route, int status, nanoseconds duration) {
  state_->in_flight.Decrement();
  auto& series = state_->routes[route.data()];
  if (!series.duration) series.duration = &state_->durations.Add({{"route", std::string(route)}}, latency_buckets);
  series.duration->Observe(seconds_of(duration));
  auto& by_method = series.by_status[status];
  auto found = by_method.find(method);
  if (found == by_method.end()) {
    labels l{{"method", std::string(method)}, {"route", std::string(route)}, {"code", std::to_string(status)}};
    found = by_method.emplace(std::string(method), &state_->requests.Add(l)).first;
  }
  found->second->Increment();
}

void web_metrics::count_auth(std::string_view method, std::string_view result) {
  for (const auto& known : state_->auth_counts)
    if (known.method == method && known.result == result) return known.count->Increment();
  auto& added = state_->auth.Add({{"method", std::string(method)}, {"result", std::string(result)}});
  state_->auth_counts.push_back({std::string(method), std::string(result), &added});
  added.Increment();
}

void web_metrics::count_sent(ws::topic t) {
  state_->sent_by_topic[static_cast<std::size_t>(t)]->Increment();
}

void web_metrics::count_dropped(ws::topic t, std::string_view reason) {
  state_->dropped.Add({{"endpoint", std::string(ws::to_string(t))}, {"reason", std::string(reason)}}).Increment();
}

void web_metrics::observe_push(nanoseconds d) {
  state_->push.Observe(seconds_of(d));
}
void web_metrics::observe_loop_lag(nanoseconds d) {
  state_->lag.Set(seconds_of(d));
}

std::string web_metrics::render(const metrics_snapshot& now) {
  auto& s = *state_;
  s.connections.Set(static_cast<double>(now.http_connections));
  s.users.Set(static_cast<double>(now.users));
  s.trading_locked.Set(now.trading_locked ? 1 : 0);
  s.login_locked.Set(now.login_locked ? 1 : 0);
  s.active_kills.Set(static_cast<double>(now.active_kills));
  for (std::size_t i = 0; i < ws::topic_count; ++i) {
    std::string endpoint(ws::to_string(static_cast<ws::topic>(i)));
    s.sockets.Add({{"endpoint", endpoint}, {"authenticated", "true"}})
        .Set(static_cast<double>(now.sockets[i].authenticated));
    s.sockets.Add({{"endpoint", endpoint}, {"authenticated", "false"}})
        .Set(static_cast<double>(now.sockets[i].waiting));
  }
  for (const auto& [state, count] : now.bots)
    s.bots.Add({{"state", std::string(engine::to_string(state))}}).Set(static_cast<double>(count));
  auto order = [&](const char* result, std::uint64_t value) {
    raise_to(s.orders.Add({{"result", result}}), static_cast<double>(value));
  };
  order("placed", now.orders.placed);
  order("accepted", now.orders.accepted);
  order("refused", now.orders.refused);
  order("unknown", now.orders.unknown);
  order("filled", now.orders.filled);
  order("cancelled", now.orders.cancelled);
  raise_to(s.fills, static_cast<double>(now.orders.fills));
  s.order_errors.Set(std::strtod(error_ratio(now.recent_orders).to_string().c_str(), nullptr));
  if (now.journal) s.show_journal(*now.journal);
  if (now.limits)
    for (const auto& e : now.limits->exchanges) s.show_limits(e);
  if (now.limits && now.limits->recorder) s.show_recorder(*now.limits->recorder);
  raise_to(s.cpu, now.process.cpu_seconds);
  s.resident.Set(static_cast<double>(now.process.resident_bytes));
  s.virtual_memory.Set(static_cast<double>(now.process.virtual_bytes));
  s.threads.Set(static_cast<double>(now.process.threads));
  return prometheus::TextSerializer().Serialize(s.registry.Collect());
}

}  // namespace drover::web
