#pragma once

#include <cstdint>
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
  /// "holdings", "venue", "inventory", "fees", "earnings": whose pocket, within the account's books.
  std::string pocket;
  std::string asset;
  decimal amount;
};

/// A movement of money with its cause.
struct ledger_entry {
  user_id user;
  account_id account;
  /// "fill"; later "network", "referral", "bonus", "correction".
  std::string cause_kind;
  /// Unique within the kind: the same cause is entered once.
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

/// Books one trade: exact, deterministic, no I/O. Selling more than the position holds books the excess at its own price
/// (cost 0 profit 0), so that inventory that the engine never bought makes no invented profit. The result's postings sum to
/// zero for each asset (checked; throws std::logic_error otherwise).
trade_effect apply_trade(const position& before, const trade&);

/// True when every asset sums to zero.
bool is_balanced(const std::vector<posting>&);

/// Inside a transaction of the caller (fill and its money are one transaction). False when the cause was entered already.
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
/// Inside a transaction of the caller; answers the id.
std::int64_t insert_earning(pqxx::transaction_base&, const earning&);

}  // namespace drover::tenants
