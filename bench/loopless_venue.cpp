#include "bench/loopless_venue.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"

namespace drover::bench {
namespace {

constexpr const char* catalogue =
    R"({"timezone":"UTC","serverTime":0,"rateLimits":[],"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC",)"
    R"("quoteAsset":"USDT","isSpotTradingAllowed":true,"filters":[{"filterType":"PRICE_FILTER","minPrice":"0.01",)"
    R"("maxPrice":"1000000","tickSize":"0.01"},{"filterType":"LOT_SIZE","minQty":"0.00001","maxQty":"9000","stepSize":"0.00001"},)"
    R"({"filterType":"NOTIONAL","minNotional":"5","applyMinToMarket":true}]}]})";

std::string now_ms() { return std::to_string(system_clock().wall_now().ms()); }

/// The order ends at once without a fill, so that the account stays as it was.
std::string expired_order(const std::string& form, std::int64_t id) {
  const auto at = form.find("newClientOrderId=") + 17;
  const auto client_id = form.substr(at, form.find('&', at) - at);
  return fmt::format(
      R"({{"symbol":"BTCUSDT","orderId":{},"orderListId":-1,"clientOrderId":"{}","transactTime":{},"price":"60000.00","origQty":"0.00100",)"
      R"("executedQty":"0.00000","cummulativeQuoteQty":"0.00","status":"EXPIRED","timeInForce":"GTC","type":"LIMIT","side":"BUY","fills":[]}})",
      id, client_id, now_ms());
}

class loopless_socket final : public websocket_client {
 public:
  explicit loopless_socket(std::shared_ptr<loopless_websockets::line> l) : line_(std::move(l)) {}
  task<result<std::string>> receive(nanoseconds) override {
    auto line = line_;
    while (line->incoming.empty()) {
      if (line->closed) co_return fail(transport_errc::closed);
      co_await line->arrived.wait();
    }
    std::string frame = std::move(line->incoming.front());
    line->incoming.pop_front();
    co_return frame;
  }
  task<result<void>> send(std::string text) override {
    const auto request = nlohmann::json::parse(text);
    nlohmann::json answer{{"id", request["id"]}, {"result", nullptr}};
    if (!line_->market) answer = {{"id", request["id"]}, {"status", 200}, {"result", {{"subscriptionId", 0}}}};
    line_->incoming.push_back(answer.dump());
    line_->subscribed = true;
    if (line_->market) line_->topics += request["params"].size();
    line_->arrived.notify();
    co_return result<void>{};
  }
  task<void> close() override {
    line_->closed = true;
    line_->arrived.notify();
    co_return;
  }

 private:
  std::shared_ptr<loopless_websockets::line> line_;
};

}  // namespace

exchanges::exchange_config loopless_config() {
  return {.name = "binance",
          .dialect = "binance",
          .rest_url = "http://venue",
          .stream_url = "ws://venue",
          .ws_api_url = "ws://venue/ws-api/v3",
          .limit_percent = 1'000'000'000};
}

task<result<client_response>> loopless_http::send(client_request request) {
  const auto has = [&request](std::string_view part) { return request.url.find(part) != std::string::npos; };
  client_response answer;
  answer.status = 200;
  if (request.method == "POST") {
    on_order(request);
    answer.body = expired_order(request.body.empty() ? request.url : request.body, ++last_order_);
  } else if (has("/time")) {
    answer.body = R"({"serverTime":)" + now_ms() + "}";
  } else if (has("/exchangeInfo")) {
    answer.body = catalogue;
  } else if (has("/depth")) {
    answer.body = book;
  } else if (has("/account")) {
    answer.body = R"({"canTrade":true,"balances":[{"asset":"USDT","free":"1000000","locked":"0"}]})";
  } else {
    answer.body = "[]";
  }
  co_return answer;
}

task<result<std::unique_ptr<websocket_client>>> loopless_websockets::connect(std::string url, websocket_options) {
  auto fresh = std::make_shared<line>(executor_);
  fresh->market = url.find("ws-api") == std::string::npos;
  if (fresh->market) markets_.push_back(fresh);
  std::unique_ptr<websocket_client> socket = std::make_unique<loopless_socket>(fresh);
  co_return socket;
}

bool loopless_websockets::feed(std::string frame) {
  std::erase_if(markets_, [](const auto& market) { return market->closed; });
  for (const auto& market : markets_) {
    market->incoming.push_back(frame);
    market->arrived.notify();
  }
  return !markets_.empty();
}

bool loopless_websockets::market_is_subscribed() const { return !markets_.empty() && markets_.back()->subscribed; }

std::size_t loopless_websockets::subscribed_topics() const {
  std::size_t sum = 0;
  for (const auto& market : markets_) sum += market->topics;
  return sum;
}

}  // namespace drover::bench
