#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/strategies/refusal_pause.hpp"
#include "engine/strategies/trade_tally.hpp"

namespace drover::engine {

/// What the strategies but the grid share: every event ends in one question, decide(): "given all this, what now?".
/// Around it fills are counted (trade_tally), one order at most lives in a slot (its tag), refusals are answered with a
/// growing pause, order rates are bounded, and a timer wakes it when it asked for that. State survives restarts.
class paced_strategy : public strategy {
public:
  /// After an order that ended without a fill and without being cancelled here (an IOC that found nothing).
  static constexpr nanoseconds empty_order_pause = 2s;
  /// Orders in any minute; more wait.
  static constexpr std::size_t usual_orders_per_minute = 60;

  /// Collects what decide() wants, and answers what it may.
  class plan {
  public:
    plan(paced_strategy& owner, const strategy_context& c) : ctx(c), owner_(owner) {}
    const strategy_context& ctx;

    /// The order of a slot; nullptr when none lives (or it is on its way and not seen yet: see is_free()).
    const live_order* find(std::string_view slot) const;
    bool is_free(std::string_view slot) const;
    /// An order lives or is on its way in any slot.
    bool is_busy() const;
    /// False during a pause or at the order rate's bound; then it is asked again when that ends.
    bool may_place();
    /// Does nothing when the slot is taken, !may_place() or the quantity is zero. True when it was placed.
    bool place(const std::string& slot, place_order order);
    void cancel(const live_order&);
    /// Cancels whatever is in other slots.
    template <class Keep>
    void cancel_unless(Keep keep) {
      for (const auto& order : ctx.orders)
        if (!keep(order)) cancel(order);
    }
    void cancel_all() {
      cancel_unless([](const live_order&) { return false; });
    }
    /// on_timer() at or soon after this; the earliest of all asked for counts.
    void wake_at(wall_time);
    /// Tickers are wanted until the next decide().
    void watch_price() { owner_.watches_ = true; }
    /// Something changed that must survive a crash although nothing is asked for.
    void keep_state() { keeps_ = true; }
    void stop(std::string reason);
    void finish(std::string reason);
    void add(strategy_action action) { actions_.push_back(std::move(action)); }

  private:
    friend class paced_strategy;
    paced_strategy& owner_;
    strategy_actions actions_;
    std::optional<wall_time> wake_;
    bool keeps_ = false;
  };

  strategy_actions on_start(const strategy_context&) final;
  bool wants_tick(const exchanges::book_ticker&) final { return watches_; }
  strategy_actions on_tick(const strategy_context&) final;
  strategy_actions on_order(const strategy_context&, const live_order&) final;
  strategy_actions on_fill(const strategy_context&, const exchanges::fill&, std::string_view tag) final;
  strategy_actions on_timer(const strategy_context&) final;
  std::string save_state() const final;
  /// errc::malformed when it is not one of ours. A state of other parameters (another shape) is left unread.
  result<void> restore(const std::string& state_json);

protected:
  /// All state is in members that save() writes; called after every event, with `ctx.ticker` perhaps null.
  virtual void decide(plan&) = 0;
  /// Once after a start, before the first decide().
  virtual void begin(const strategy_context&) {}
  /// What decides whether a saved state still fits; other parameters begin anew.
  virtual std::string shape() const = 0;
  virtual void save(json&) const = 0;
  /// Throws bad_state.
  virtual void load(const json&) = 0;

  const trade_tally& tally() const { return tally_; }
  virtual std::size_t orders_per_minute() const { return usual_orders_per_minute; }
  /// For events of a strategy's own (on_signal).
  strategy_actions act(const strategy_context&, strategy_actions before = {});

private:
  trade_tally tally_;
  std::vector<wall_time> placed_;
  refusal_pause pause_;
  std::optional<wall_time> timer_;
  bool ended_ = false, watches_ = true;
};

/// For the table of kinds: parameters by `parse`, then the state.
template <class Strategy, class Parse>
result<std::unique_ptr<strategy>> make_paced(Parse parse, const std::string& parameters_json,
                                             const std::string& state_json) {
  auto parameters = parse(parameters_json);
  if (!parameters) return std::unexpected(parameters.error());
  auto made = std::make_unique<Strategy>(std::move(*parameters));
  if (!state_json.empty()) {
    auto restored = made->restore(state_json);
    if (!restored) return std::unexpected(restored.error());
  }
  return std::unique_ptr<strategy>(std::move(made));
}

}  // namespace drover::engine
