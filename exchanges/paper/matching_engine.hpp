#pragma once

#include <deque>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "exchanges/paper/order_book.hpp"
#include "exchanges/paper/wallet.hpp"

namespace drover::exchanges::paper {

struct matching_rules {
  int maker_fee_basis_points = 10, taker_fee_basis_points = 10;
  std::size_t open_orders_limit = 10'000;
  /// Finished orders (and fills) kept per account; older ones are forgotten.
  std::size_t history_limit = 200'000;
  /// Fees are cut to this many places, as venues do.
  int fee_places = 8;
};

/// What one account has and did.
struct account_book {
  account_rules rules;
  wallet balances;
  /// All orders that are remembered, oldest first.
  std::deque<order_number> orders;
  /// Oldest first.
  std::vector<order_number> open_orders;
  std::deque<execution> fills;
  /// Latest order of each client id.
  std::unordered_map<std::string, order_number> by_client_id;
};

struct placement {
  const paper_order* order = nullptr;
  std::vector<execution> fills;
  /// client_id_rule::returns_existing: nothing was placed, this is the order that has the id.
  bool existing = false;
};

/// The matching core: accounts, balances and price-time priority books. No I/O and no clock inside (time is passed in),
/// no venue's habits: every dialect trades here. One thread.
///
/// An order never trades with another one of its own account: the resting one expires (expired_in_match) and matching
/// goes on. The house (the exchange's own market makers) has no balances: its quantity is `book_side`'s house liquidity.
class matching_engine {
 public:
  matching_engine(matching_rules, matching_listener&);

  instrument_number add_instrument(exchanges::instrument);
  std::size_t instrument_count() const { return markets_.size(); }
  const exchanges::instrument& get_instrument(instrument_number n) const { return market(n).instrument; }
  std::optional<instrument_number> find_instrument(std::string_view venue_symbol) const;
  const order_book& book(instrument_number n) const { return market(n).book; }
  asset_number base_asset(instrument_number n) const { return market(n).base; }
  asset_number quote_asset(instrument_number n) const { return market(n).quote; }
  void set_trading(bool on) { trading_ = on; }
  bool trading() const { return trading_; }

  asset_number intern_asset(std::string_view name);
  std::size_t asset_count() const { return assets_.size(); }
  const std::string& asset_name(asset_number n) const { return assets_[to_index(n)]; }

  account_number open_account(account_rules = {});
  std::size_t account_count() const { return accounts_.size(); }
  const account_book& account(account_number n) const { return accounts_[to_index(n)]; }
  void credit(account_number, asset_number, decimal amount);
  /// Fees taken so far, by asset: with the accounts' balances and the house's trades the books balance.
  const std::vector<decimal>& collected_fees() const { return fees_; }

  /// What place() would refuse, without placing.
  std::optional<refusal> check(const order_ticket&) const;
  /// Matches and, for the rest of a GTC order, puts it into the book. Market, IOC and unfillable FOK orders expire with
  /// what is left.
  std::expected<placement, refusal> place(const order_ticket&, wall_time now);
  /// Takes the order in as rejected, unchecked: for venues that answer first and look later. Locks nothing.
  const paper_order& reject(const order_ticket&, refusal, wall_time now);
  /// nullptr when there is no such open order of the account.
  const paper_order* cancel(account_number, order_number, wall_time now);
  const paper_order* find_order(order_number) const;
  /// The latest order with that client id, open or not.
  const paper_order* find_order(account_number, std::string_view client_id) const;
  /// Price of the last trade, or what set_reference_price said.
  decimal last_price(instrument_number n) const { return market(n).last_price; }
  void set_reference_price(instrument_number n, decimal price) { market(n).last_price = price; }

  /// The house quotes `quantity` at `price` (0 = withdraws). Orders of accounts that the quote crosses trade with it first.
  void set_house_level(instrument_number, side, decimal price, decimal quantity, wall_time now);
  /// The house takes liquidity, its own included, up to `limit`. Answers what was traded.
  decimal take_as_house(instrument_number, side, decimal quantity, decimal limit, wall_time now);
  /// Trades with every order of an account that rests at `limit` or better, whatever its size; the house's quotes stay.
  void sweep_accounts(instrument_number, side, decimal limit, wall_time now);
  /// A trade printed elsewhere at `price`, `aggressor` taking: orders of accounts at better prices fill first, then the
  /// queue at `price` in its order, house lots included. House quotes at better prices are stale and are skipped.
  void print_trade(instrument_number, side aggressor, decimal price, decimal quantity, wall_time now);

  /// For restoring a saved state before trading begins. Open orders go to the end of their level, unmatched.
  void restore_holding(account_number, wallet::holding);
  void restore_order(paper_order);
  void restore_fill(account_number, execution);
  void restore_counters(order_number last_order, const std::vector<std::int64_t>& last_trades);
  void restore_fees(asset_number asset, decimal collected) { fees_[to_index(asset)] = collected; }
  order_number last_order_number() const { return last_order_; }
  std::int64_t last_trade_id(instrument_number n) const { return market(n).last_trade; }

 private:
  enum class house_lots { trade, skip, trade_at_limit };
  struct market_state {
    exchanges::instrument instrument;
    asset_number base{}, quote{};
    order_book book;
    std::int64_t last_trade = 0;
    decimal last_price;
  };
  struct aggressor {
    instrument_number instrument{};
    exchanges::side side = side::buy;
    std::optional<decimal> limit;
    /// Base quantity that is left; ignored when sized by quote.
    decimal quantity;
    std::optional<decimal> quote_left;
    /// The quote amount is spent.
    bool last = false;
    paper_order* order = nullptr;
    house_lots house_policy = house_lots::trade;
    wall_time now;
    std::vector<execution>* fills = nullptr;
  };

  market_state& market(instrument_number n) { return markets_[to_index(n)]; }
  const market_state& market(instrument_number n) const { return markets_[to_index(n)]; }
  std::optional<refusal> check_filters(const order_ticket&) const;
  std::optional<refusal> check_funds(const order_ticket&) const;
  bool can_fill_whole(const order_ticket&) const;
  decimal cost_of_market_buy(const order_ticket&) const;
  bool would_match(const order_ticket&) const;
  const paper_order* find_existing(const order_ticket&) const;
  decimal cut_fee(decimal amount, int basis_points) const;
  decimal most_fee(decimal amount) const;
  paper_order& record(const order_ticket&, wall_time now);
  paper_order& enter(const order_ticket&, wall_time now);
  void match(aggressor&);
  void match_level(aggressor&, book_side::level&);
  decimal fillable(const aggressor&, decimal price, decimal available) const;
  void trade(aggressor&, paper_order* maker, decimal price, decimal quantity);
  void settle(paper_order&, execution, decimal price_of_lock, bool last);
  void finish(paper_order&, order_status, wall_time now, order_change);
  void release_lock(const paper_order&);
  void expire_maker(book_side&, paper_order&, wall_time now);
  void touch(account_number, instrument_number);
  void flush_balances();
  void trim_history(account_book&);

  matching_rules rules_;
  matching_listener& listener_;
  std::vector<market_state> markets_;
  std::unordered_map<std::string, instrument_number> by_symbol_;
  std::vector<std::string> assets_;
  std::vector<decimal> fees_;
  std::deque<account_book> accounts_;
  std::unordered_map<order_number, paper_order> orders_;
  order_number last_order_ = 0;
  bool trading_ = true;
  std::vector<std::pair<account_number, instrument_number>> touched_;
};

}  // namespace drover::exchanges::paper
