#include "app/market_facts.hpp"

#include <boost/asio/post.hpp>
#include <utility>

namespace drover::app {

web::prices_source make_prices_source(executor trading, executor web, engine::price_watch& prices) {
  return [=, &prices](std::vector<engine::market_key> markets, std::function<void(std::shared_ptr<const engine::market_prices>)> done) {
    asio::post(trading, [=, &prices, markets = std::move(markets), done = std::move(done)]() mutable {
      prices.ask(std::move(markets), [web, done = std::move(done)](engine::market_prices found) {
        auto shared = std::make_shared<const engine::market_prices>(std::move(found));
        asio::post(web, [shared, done] { done(shared); });
      });
    });
  };
}

web::external_orders_source make_external_orders_source(executor trading, executor web, const engine::bot_manager& bots) {
  return [=, &bots](user_id user, account_id account,
                    std::function<void(std::shared_ptr<const std::vector<engine::external_order>>)> done) {
    asio::post(trading, [=, &bots, done = std::move(done)]() mutable {
      auto found = std::make_shared<const std::vector<engine::external_order>>(bots.external_orders(user, account));
      asio::post(web, [found, done = std::move(done)] { done(found); });
    });
  };
}

}  // namespace drover::app
