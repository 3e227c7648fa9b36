#include "web/connection_health.hpp"

#include <algorithm>

#include "web/ask_trading.hpp"

namespace drover::web {

namespace {

/// Private streams send heartbeats more often than this.
constexpr milliseconds silence_limit{60'000};
constexpr milliseconds skew_limit{500};
/// The error budget: more failures than this share of at least so many requests are worth a word.
constexpr std::uint32_t error_percent_limit = 20, least_requests = 5;

std::string in_seconds(milliseconds d) {
  return std::to_string(std::chrono::round<seconds>(d).count()) + " s";
}

class judge {
public:
  void down(std::string reason) { say("down", std::move(reason)); }
  void degraded(std::string reason) { say("degraded", std::move(reason)); }
  health_verdict take(std::string otherwise) {
    health_verdict out{.state = std::move(otherwise), .reasons = {}};
    for (const auto* wanted : {"down", "degraded"})
      for (auto& [state, reason] : said_) {
        if (state != wanted) continue;
        if (out.reasons.empty()) out.state = state;
        out.reasons.push_back(std::move(reason));
      }
    return out;
  }

private:
  void say(std::string state, std::string reason) { said_.emplace_back(std::move(state), std::move(reason)); }
  std::vector<std::pair<std::string, std::string>> said_;
};

void judge_figures(judge& j, const connection_figures& f, const std::string& whose) {
  if (f.breaker == "open")
    j.down(whose + " gets no answers, so nothing is sent for a moment" + (f.reason.empty() ? "" : ": " + f.reason));
  if (f.breaker == "half_open") j.degraded(whose + " is being tried again" + (f.reason.empty() ? "" : ": " + f.reason));
  const bool over_budget =
      f.requests >= least_requests && std::uint64_t{f.errors} * 100 > std::uint64_t{f.requests} * error_percent_limit;
  if (over_budget)
    j.degraded(std::to_string(f.errors) + " of the last " + std::to_string(f.requests) + " requests of " + whose +
               " failed");
}

}  // namespace

task<std::shared_ptr<const connection_health>> read_health(services& s, account_id id) {
  if (!s.parts.health) co_return nullptr;
  std::function<void(answer_sink<connection_health>)> ask = [&s, id](auto done) { s.parts.health(id, std::move(done)); };
  co_return co_await ask_trading<connection_health>(s, std::move(ask));
}

health_verdict judge_health(const engine::bot_status& bot, const connection_health* known) {
  using engine::bot_state;
  judge j;
  const auto words = std::string(to_string(bot.state)) + (bot.reason.empty() ? "" : ": " + bot.reason);
  if (bot.state == bot_state::quarantined) j.down(words);
  if (bot.state == bot_state::backing_off || bot.state == bot_state::degraded) j.degraded(words);
  const bool idle = bot.state == bot_state::off || bot.state == bot_state::waiting_approval ||
                    bot.state == bot_state::stopped || bot.state == bot_state::locked;
  if (known == nullptr) {
    auto out = j.take(idle ? "idle" : "ok");
    if (out.reasons.empty() && idle) out.reasons.push_back(words);
    return out;
  }
  judge_figures(j, known->venue, known->exchange);
  judge_figures(j, known->account, "this account");
  if (known->banned_for) j.down(known->exchange + " asked us to stay away for " + in_seconds(*known->banned_for));
  if (known->account.message_age && *known->account.message_age > silence_limit)
    j.degraded("nothing was heard of the account for " + in_seconds(*known->account.message_age));
  if (known->clock_offset.count() > skew_limit.count() || known->clock_offset.count() < -skew_limit.count())
    j.degraded("the clocks differ by " + std::to_string(known->clock_offset.count()) + " ms");
  if (known->last_probe && !known->last_probe->passed)
    j.degraded("the last check of the key failed: " + known->last_probe->reason);
  if (!known->drift.empty())
    j.degraded("the balances moved without a trade of the engine (" + known->drift + ") at " + to_rfc3339(known->drift_at) +
               ": a deposit, a withdrawal, a trade by hand, or a fault");
  return j.take("ok");
}

}  // namespace drover::web
