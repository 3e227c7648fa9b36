#pragma once

#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "engine/orders/entry_gate.hpp"
#include "engine/orders/risk.hpp"

namespace drover::engine {

/// Limits that somebody set instead of the configured ones; absent = not set.
struct limit_overrides {
  std::optional<decimal> max_order_notional{};
  std::optional<int> max_open_orders{};
  std::optional<decimal> max_position_notional{};
  std::optional<decimal> max_daily_loss{};
  std::optional<decimal> price_collar{};
  std::optional<int> max_orders_per_minute{};
  friend bool operator==(const limit_overrides&, const limit_overrides&) = default;
};

/// Account 0: the whole engine. What an owner sets comes on top of what an administrator allows and is never looser.
struct limits_row {
  account_id account;
  bool by_owner = false;
  limit_overrides values;
};

struct realised_row {
  account_id account;
  std::string asset;
  decimal realised;
};

/// `set` where it is set, else `base`.
risk_limits apply(const risk_limits& base, const limit_overrides& set);
/// Of each limit the one that allows less.
risk_limits tightest(const risk_limits&, const risk_limits&);
/// The name of a limit that `wanted` would loosen, and its bound; nothing when it only tightens.
std::optional<std::pair<std::string, std::string>> find_looser(const limit_overrides& wanted, const risk_limits& allowed);

/// Limits of every account and of the engine as a whole, and what counts against them: open orders, positions and the order
/// rate of all desks, and what was realised today. A daily loss past its limit closes the entry gate for the account (or for
/// all) until the next UTC day. Trading thread only.
class risk_book {
 public:
  /// `on_halt` is called after the gate was closed or opened by a loss.
  risk_book(risk_limits of_account, risk_limits of_engine, entry_gate&, std::function<void()> on_halt = {});

  /// One desk's share of what counts; it counts until it is destroyed. The book outlives its seats.
  class seat {
   public:
    ~seat();
    seat(const seat&) = delete;
    seat& operator=(const seat&) = delete;
    /// What the desk has open and holds now.
    void update(int open_orders, decimal position_notional);
    /// Limits of account and engine; `own` is what the desk itself knows. An order that passes counts towards the order rate.
    result<void> admit(const exchanges::order_request&, const exchanges::instrument&, risk_state own, steady_time now);
    /// A fill of this desk was booked.
    void add_realised(decimal amount);

   private:
    friend class risk_book;
    seat(risk_book& book, account_id account, std::string asset) : book_(book), account_(account), asset_(std::move(asset)) {}
    risk_book& book_;
    account_id account_;
    std::string asset_;
    int open_orders_ = 0;
    decimal position_notional_;
  };
  std::unique_ptr<seat> take_seat(account_id, std::string quote_asset);

  /// Limits where nothing else was set, from now on; a daily loss is judged anew.
  void set_defaults(risk_limits of_account, risk_limits of_engine);
  /// Replaces everything that was set, and today's books.
  void load(std::vector<limits_row> set, const std::vector<realised_row>& realised);
  void set(limits_row);
  /// Losses up to now count no more; account 0: of the engine.
  void clear_loss(account_id);
  /// 00:00 UTC has passed: losses count anew.
  void start_day();

  /// What holds for an account; 0: for the engine.
  risk_limits limits_of(account_id) const;
  /// What the owner may not loosen.
  risk_limits allowed_to(account_id) const;
  limit_overrides overrides_of(account_id, bool by_owner) const;
  struct day {
    std::string asset;
    decimal realised;
    bool halted = false;
  };
  std::vector<day> today(account_id) const;

 private:
  /// By asset.
  using amounts = boost::container::flat_map<std::string, decimal>;
  struct overrides {
    limit_overrides by_admin, by_owner;
  };
  /// Of one account; there are thousands, and most trade little and set nothing.
  struct counted {
    int open_orders = 0;
    amounts positions, realised;
    boost::container::flat_set<std::string> halted;
    std::unique_ptr<overrides> set;
    order_rate rate;

    limit_overrides& overrides_by(bool owner);
  };
  void judge_loss(account_id, const std::string& asset);
  void judge_losses(account_id);
  void release_losses(account_id);
  static std::string key_of(account_id, const std::string& asset);
  static decimal value_at(const amounts&, const std::string& asset);
  counted& of(account_id id) { return id.valid() ? accounts_[id] : engine_; }
  const counted* find(account_id) const;

  risk_limits of_account_, of_engine_;
  entry_gate& gate_;
  std::function<void()> on_halt_;
  std::unordered_map<account_id, counted> accounts_;
  counted engine_;
};

/// The UTC midnight at or before `now`.
wall_time utc_midnight(wall_time now);

}  // namespace drover::engine
