#include "web/exchange_limits.hpp"

#include "web/ask_trading.hpp"

namespace drover::web {

task<std::shared_ptr<const limits_report>> read_limits(services& s) {
  if (!s.parts.limits) co_return s.last_limits;
  std::function<void(answer_sink<limits_report>)> ask = [&s](auto done) { s.parts.limits(std::move(done)); };
  auto report = co_await ask_trading<limits_report>(s, std::move(ask));
  if (report) s.last_limits = std::move(report);
  co_return s.last_limits;
}

}  // namespace drover::web
