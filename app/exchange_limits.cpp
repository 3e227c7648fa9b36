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

}  // namespace

web::limits_source make_limits_source(executor trading, executor web, const exchange_map& venues, const clock& wall) {
  return [=, &venues, &wall](std::function<void(std::shared_ptr<const web::limits_report>)> done) {
    asio::post(trading, [=, &venues, &wall, done = std::move(done)]() mutable {
      auto report = std::make_shared<web::limits_report>(web::limits_report{wall.wall_now(), {}});
      for (const auto& [name, venue] : venues) report->exchanges.push_back(to_web(name, venue->get_limits()));
      asio::post(web, [report, done = std::move(done)] { done(report); });
    });
  };
}

}  // namespace drover::app
