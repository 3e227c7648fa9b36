#include "web/bot_reports.hpp"

#include "web/ask_trading.hpp"

namespace drover::web {

task<bot_reports> read_reports(services& s, account_id account, bot_id bot) {
  if (!s.parts.reports) co_return bot_reports();
  std::function<void(answer_sink<bot_reports>)> ask = [&s, account, bot](auto done) { s.parts.reports(account, bot, std::move(done)); };
  auto reports = co_await ask_trading<bot_reports>(s, std::move(ask));
  co_return reports ? *reports : bot_reports();
}

}  // namespace drover::web
