#include "app/exchange_limits.hpp"

#include <boost/asio/post.hpp>
#include <utility>

namespace drover::app {

namespace {

std::string_view name_of(exchanges::rate_scope s) {
  switch (s) {
    case exchanges::rate_scope::address: return "address";
    case exchanges::rate_scope::account: return "account";
    case exchanges::rate_scope::account_symbol: break;
  }
  return "account_symbol";
}

std::string_view name_of(exchanges::rate_model m) {
  switch (m) {
    case exchanges::rate_model::fixed_window: return "fixed_window";
    case exchanges::rate_model::sliding_window: return "sliding_window";
    case exchanges::rate_model::decaying_counter: break;
  }
  return "decaying_counter";
}

web::limit_level to_web(const exchanges::rate_level& l) {
  return {std::string(l.rule), std::string(name_of(l.scope)), std::string(name_of(l.model)), l.used, l.limit, l.window, l.resets_in};
}

web::exchange_limits to_web(const std::string& exchange, const exchanges::rate_snapshot& now) {
  constexpr std::array lane_names{"kill", "protective", "entry", "reconcile", "read"};
  web::exchange_limits out{.exchange = exchange};
  for (const auto& s : now.sources) {
    auto& source = out.sources.emplace_back(web::exchange_limits::source{s.address, {}, s.banned_for});
    for (const auto& l : s.levels) source.levels.push_back(to_web(l));
  }
  for (std::size_t i = 0; i < lane_names.size(); ++i) {
    const auto& l = now.lanes[i];
    out.lanes.push_back({lane_names[i], l.waiting, l.granted, l.refused, l.waited, l.longest_wait});
  }
  for (const auto& a : now.hottest) out.hottest_accounts.push_back({a.account, a.symbol, to_web(a.level)});
  out.address_bans = now.address_bans;
  out.account_bans = now.account_bans;
  out.banned_accounts = now.banned_accounts;
  return out;
}

web::exchange_limits::connections to_web(const exchanges::exchange::health& h) {
  web::exchange_limits::connections out;
  out.latency_median = h.connection.latency_median;
  out.message_age = h.connection.message_age;
  out.market_data_age = h.market_data_age;
  out.reconnects = h.reconnects;
  out.breaker = to_string(h.connection.breaker);
  return out;
}

web::recorder_report to_web(const exchanges::spooling_raw_recorder::statistics& s) {
  web::recorder_report out;
  out.recorded = s.recorded;
  out.stored = s.stored;
  out.dropped = s.dropped;
  out.quarantined = s.quarantined;
  out.sync_failures = s.sync_failures;
  out.segments_left_alone = s.left_alone;
  out.spooled_bytes = s.spooled_bytes;
  out.segments = s.segments;
  out.gaps = s.gaps;
  out.stored_to = s.stored_to;
  return out;
}

/// On the trading thread.
web::limits_report read_figures(const figure_sources& from) {
  web::limits_report report;
  report.at = from.wall.wall_now();
  std::map<std::string, std::map<std::string, std::int64_t>> breakers;
  for (const auto id : from.bots.accounts())
    if (const auto account = from.bots.report_connection(id))
      ++breakers[account->exchange][std::string(to_string(account->connection.breaker))];
  for (const auto& [name, venue] : from.venues) {
    auto& e = report.exchanges.emplace_back(to_web(name, venue->get_limits()));
    e.health = to_web(venue->get_health());
    e.health.account_breakers = std::move(breakers[name]);
  }
  report.recorder = to_web(from.recorder.get_statistics());
  return report;
}

}  // namespace

web::limits_source make_limits_source(executor trading, executor web, figure_sources from) {
  return [=](std::function<void(std::shared_ptr<const web::limits_report>)> done) {
    asio::post(trading, [=, done = std::move(done)]() mutable {
      auto report = std::make_shared<web::limits_report>(read_figures(from));
      asio::post(web, [report, done = std::move(done)] { done(report); });
    });
  };
}

}  // namespace drover::app
