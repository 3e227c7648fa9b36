#include "simulation/venue_link.hpp"

#include <utility>

#include "simulation/link_transit_detail.hpp"

namespace drover::simulation {
namespace {

/// A market channel that nothing happens on, or the place of a ticker listener.
class subscription final : public exchanges::market_subscription {
public:
  explicit subscription(std::shared_ptr<void> held) : held_(std::move(held)) {}

private:
  std::shared_ptr<void> held_;
};

}  // namespace

venue_link::venue_link(link_parts parts) : core_(std::make_shared<link_core>(parts)) {
  core_->keep_measuring_clock();
  traits_.name = parts.venue.kind().name;
  traits_.rules = parts.rules;
  traits_.processing_bound = parts.venue.kind().processing_bound;
  traits_.visibility_delay = parts.venue.kind().visibility_delay;
}
venue_link::~venue_link() = default;

const std::string& venue_link::name() const {
  return core_->parts.venue.name();
}

task<result<std::shared_ptr<const exchanges::instrument>>> venue_link::find_instrument(std::string symbol) {
  auto core = core_;
  auto& venue = core->parts.venue;
  using answer_type = std::shared_ptr<const exchanges::instrument>;
  if (symbol != venue.instrument()->symbol) co_return fail(exchanges::exchange_errc::instrument_unknown, symbol);
  auto act = [&venue]() -> result<answer_type> { return venue.instrument(); };
  auto answer = co_await core->ask<answer_type>({}, {}, act);
  co_return answer;
}

std::unique_ptr<exchanges::market_subscription> venue_link::subscribe_book_ticker(
    std::string, std::function<void(const std::shared_ptr<const exchanges::book_ticker>&)> on_ticker) {
  auto heard = std::make_shared<ticker_listener>();
  auto target = std::make_shared<decltype(on_ticker)>(std::move(on_ticker));
  *heard = [core = std::weak_ptr(core_), target = std::weak_ptr(target)](const exchanges::book_ticker& ticker) {
    const auto link = core.lock();
    if (!link || link->parts.life->cut) return;
    const bool breaks = link->parts.faults.strikes(fault::ticker_breaks, link->parts.sim.random());
    std::shared_ptr<const exchanges::book_ticker> news =
        breaks ? nullptr : std::make_shared<const exchanges::book_ticker>(ticker);
    link->parts.sim.call_after(link->draw_way(), [core, target, news] {
      const auto alive = core.lock();
      const auto listener = target.lock();
      if (!alive || !listener || alive->parts.life->cut) return;
      alive->hear(".market", {});
      (*listener)(news);
    });
  };
  core_->parts.venue.subscribe(std::weak_ptr(heard));
  auto both = std::make_shared<std::pair<std::shared_ptr<ticker_listener>, std::shared_ptr<decltype(on_ticker)>>>(
      heard, target);
  return std::make_unique<subscription>(std::move(both));
}

std::unique_ptr<exchanges::market_subscription> venue_link::subscribe_trades(
    std::string, std::function<void(const std::shared_ptr<const exchanges::public_trade>&)>) {
  return std::make_unique<subscription>(nullptr);
}
std::unique_ptr<exchanges::market_subscription> venue_link::subscribe_book(
    std::string, std::function<void(const std::shared_ptr<const exchanges::book_view>&)>) {
  return std::make_unique<subscription>(nullptr);
}
std::unique_ptr<exchanges::market_subscription> venue_link::subscribe_candles(
    std::string, exchanges::candle_interval,
    std::function<void(const std::shared_ptr<const exchanges::candle_update>&)>) {
  return std::make_unique<subscription>(nullptr);
}

std::unique_ptr<exchanges::exchange_account> venue_link::open_account(exchanges::credential_source source,
                                                                      std::string label) {
  return make_link_account(core_, std::move(source), std::move(label));
}

}  // namespace drover::simulation
