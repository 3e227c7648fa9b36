#include "app/connection_health.hpp"

#include <array>
#include <boost/asio/post.hpp>
#include <utility>

namespace drover::app {

namespace {

std::string to_text(exchanges::tristate t) {
  constexpr std::array<const char*, 3> names{"no", "yes", "unknown"};
  return names[static_cast<std::size_t>(t)];
}

web::connection_figures to_web(const exchanges::connection_health& h) {
  return {h.message_age, h.latency_last, h.latency_median, h.requests, h.errors, std::string(to_string(h.breaker)),
          h.reason};
}

std::shared_ptr<const web::connection_health> to_web(const engine::connection_report& r) {
  auto out = std::make_shared<web::connection_health>();
  out->exchange = r.exchange;
  out->account = to_web(r.connection);
  out->venue = to_web(r.venue.connection);
  out->market_data_age = r.venue.market_data_age;
  out->banned_for = r.venue.banned_for;
  out->clock_offset = r.clock_offset;
  if (r.last_probe) {
    const auto& p = *r.last_probe;
    out->last_probe = web::connection_health::probe{p.at,
                                                    p.took,
                                                    p.passed,
                                                    p.reason,
                                                    to_text(p.rights.read),
                                                    to_text(p.rights.trade),
                                                    to_text(p.rights.withdraw),
                                                    to_text(p.rights.address_bound)};
  }
  if (r.last_drift) {
    out->drift = r.last_drift->amounts;
    out->drift_at = r.last_drift->at;
  }
  return out;
}

}  // namespace

web::health_source make_health_source(executor trading, executor web, const engine::bot_manager& bots) {
  return [=, &bots](account_id id, std::function<void(std::shared_ptr<const web::connection_health>)> done) {
    asio::post(trading, [=, &bots, done = std::move(done)]() mutable {
      auto report = bots.report_connection(id);
      auto health = report ? to_web(*report) : nullptr;
      asio::post(web, [health, done = std::move(done)] { done(health); });
    });
  };
}

}  // namespace drover::app
