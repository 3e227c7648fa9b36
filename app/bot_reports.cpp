#include "app/bot_reports.hpp"

#include <boost/asio/post.hpp>
#include <utility>

namespace drover::app {

web::reports_source make_reports_source(executor trading, executor web, const engine::bot_manager& bots) {
  return [=, &bots](account_id account, bot_id bot, std::function<void(std::shared_ptr<const web::bot_reports>)> done) {
    asio::post(trading, [=, &bots, done = std::move(done)]() mutable {
      auto reports = std::make_shared<web::bot_reports>();
      reports->connection = bots.report_connection(account);
      reports->bot = bots.report_bot(bot);
      asio::post(web, [reports, done = std::move(done)] { done(reports); });
    });
  };
}

}  // namespace drover::app
