#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"

namespace pqxx {
class transaction_base;
}

namespace drover::tenants {

/// One line of a double entry; the lines of an entry sum to zero for each asset.
struct posting {
  /// Whose pocket, within the account's books:
  /// "holdings"   what the account holds at the venue: its sum is the change of the balance, asset by asset;
  /// "venue"      the other side of base assets, and of what was sold without having been bought here;
  /// "inventory"  in the quote asset, what the position cost: its sum is `position::cost`;
  /// "earnings"   in the quote asset, minus what was realised: its sum is minus `position::realised_profit`;
  /// "fees"       fees in any asset but the quote asset (those are in the earnings already).
  std::string pocket;
  std::string asset;
  decimal amount;
};

/// A movement of money with its cause.
struct ledger_entry {
  user_id user;
  /// Invalid: a movement that belongs to no account.
  account_id account;
  /// "fill"; later "network", "referral", "bonus", "correction".
  std::string cause_kind;
  /// Unique within the kind over all accounts: the same cause is entered once.
  std::string cause_id;
  wall_time at;
  std::vector<posting> postings;
};

/// Weighted-average position of one account in one instrument, valued in the quote asset.
struct position {
  decimal quantity;
  /// What the quantity cost, in the quote asset.
  decimal cost;
  decimal realised_profit;
};

/// A trade as the books see it.
struct trade {
  bool is_buy = true;
  std::string base_asset, quote_asset;
  decimal price, quantity;
  decimal fee;
  std::string fee_asset;
};

struct trade_effect {
  position after;
  /// Profit of this trade in the quote asset, fees in the quote asset deducted. Buys realise only their quote fee.
  decimal realised;
  std::vector<posting> postings;
};

/// Books one trade at weighted average cost: exact, deterministic, no I/O.
///
/// Fees in the base asset reduce the quantity held and not its cost; fees in the quote asset reduce the profit; fees in
/// a third asset are postings only. Negative fees are rebates. Selling more than the position holds books the excess at
/// its own price (cost 0, profit 0), so that inventory that the engine never bought makes no invented profit. A
/// position without quantity has no cost: what is left of it then (a base fee ate the rest) is realised as a loss. The
/// result's postings sum to zero for each asset (checked; throws std::logic_error otherwise). Quantity must be positive
/// and the price not negative, otherwise std::invalid_argument.
trade_effect apply_trade(const position& before, const trade&);

/// True when every asset sums to zero.
bool is_balanced(const std::vector<posting>&);

/// Inside a transaction of the caller (fill and its money are one transaction). False when the cause was entered
/// already.
bool insert_ledger_entry(pqxx::transaction_base&, const ledger_entry&);

/// One earning: what moved the user's number.
struct earning {
  std::int64_t id = 0;
  user_id user;
  account_id account;
  /// "trading", "network", "referral", "bonus".
  std::string source;
  std::string asset;
  decimal amount;
  wall_time at;
  std::string cause_kind, cause_id;
};
/// Inside a transaction of the caller; answers the id. The user's running total follows in the same transaction.
std::int64_t insert_earning(pqxx::transaction_base&, const earning&);
/// Both at once, in one round trip: a ledger entry and, unless `realised` is zero, what it earned from `source`. The id of
/// the earning (0: none); nothing when the cause was entered already.
std::optional<std::int64_t> insert_trade(pqxx::transaction_base&, const ledger_entry&, const std::string& source,
                                         const std::string& asset, decimal realised);
/// The user's running total of one source and asset, this transaction's earnings included; zero when there is none.
decimal find_earnings_total(pqxx::transaction_base&, user_id, const std::string& source, const std::string& asset);

}  // namespace drover::tenants
