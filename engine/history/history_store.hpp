#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/postgres.hpp"
#include "engine/orders/order_journal.hpp"

namespace drover::engine {

/// When what happened to an order, as the engine recorded it. Absent: it did not happen, or before it was recorded.
struct order_times {
  /// Its request was handed to the connection; recorded with what was written next, so absent for an order of unknown fate that
  /// a process left behind.
  std::optional<wall_time> sent_at{};
  /// The venue was first known to have it.
  std::optional<wall_time> accepted_at;
  /// Its outcome was first not known; stays when it is known again.
  std::optional<wall_time> unknown_at;
  /// Refused, proved absent, or closed with all its fills.
  std::optional<wall_time> ended_at;
  wall_time updated_at;
};

struct order_record {
  journal_order order;
  order_times times;
};

/// Where a page of orders ended.
struct order_place {
  wall_time created_at;
  uuid id;
};

/// Fields that are not valid, empty or absent let everything through.
struct order_filter {
  account_id account{};
  bot_id bot{};
  std::string symbol{};
  std::optional<exchanges::side> side{};
  std::optional<intent_state> state{};
  /// By time of creation: from ≤ t < to.
  std::optional<wall_time> from{}, to{};
};
struct order_page {
  bool oldest_first = false;
  /// At most history_store::page_limit.
  int limit = 50;
  /// Go on behind this one.
  std::optional<order_place> after{};
};

struct fill_record {
  fill_id id;
  account_id account;
  user_id user;
  /// Absent: of an order that the engine did not place; not in the books.
  std::optional<uuid> order;
  bot_id bot;
  std::string exchange_name;
  exchanges::fill fill;
  std::string quote_asset;
  decimal realised;
  wall_time recorded_at;
};

struct fill_place {
  wall_time at;
  fill_id id;
};

struct fill_filter {
  account_id account{};
  bot_id bot{};
  std::string symbol{};
  std::optional<exchanges::side> side{};
  std::optional<uuid> order{};
  /// By time of the trade: from ≤ t < to.
  std::optional<wall_time> from{}, to{};
};
struct fill_page {
  bool oldest_first = false;
  int limit = 50;
  std::optional<fill_place> after{};
};

/// What an account holds of one market because of the engine's orders.
struct position_record {
  account_id account;
  user_id user;
  std::string exchange_name, symbol, base_asset, quote_asset;
  tenants::position position;
  wall_time updated_at;
};

struct position_filter {
  account_id account{};
  std::string symbol{};
  /// Only those that hold something, or owe it.
  bool open_only = false;
};
/// By account and symbol.
struct position_page {
  int limit = 50;
  account_id after_account{};
  std::string after_symbol{};
};

/// The orders of one day (UTC) on one market, over all users.
struct order_day {
  /// Its first moment.
  wall_time day;
  std::string exchange_name, symbol, quote_asset;
  /// By the state that they are in now; of orders made on that day.
  std::int64_t intended = 0, accepted = 0, unknown = 0, refused = 0, not_placed = 0, closed = 0;
  /// Orders that were refused, not placed, or whose outcome was not known for a while.
  std::int64_t errors = 0;
  /// Of trades of that day. `volume` and `realised` are in the quote asset.
  std::int64_t fills = 0;
  decimal volume, realised;

  std::int64_t orders() const { return intended + accepted + unknown + refused + not_placed + closed; }
};

/// What the journal recorded, for people: pages of orders, fills and positions, and statistics over all users. PostgreSQL, or
/// memory for tests; one contract suite covers both. Errors are tenants::tenant_errc. Tenant-owned calls take the user first;
/// other users' rows are not there. A page costs a range of an index, however long the history is.
class history_store {
 public:
  static constexpr int page_limit = 1'000;
  /// Rows that are counted for a total; more are as many.
  static constexpr std::int64_t count_limit = 100'000;

  virtual ~history_store() = default;

  /// By time of creation, newest first unless asked otherwise.
  virtual task<result<std::vector<order_record>>> orders(user_id, order_filter, order_page) = 0;
  virtual task<result<std::int64_t>> count_orders(user_id, order_filter) = 0;
  virtual task<result<order_record>> get_order(user_id, uuid) = 0;

  /// By time of the trade, newest first unless asked otherwise.
  virtual task<result<std::vector<fill_record>>> fills(user_id, fill_filter, fill_page) = 0;
  virtual task<result<std::int64_t>> count_fills(user_id, fill_filter) = 0;

  /// At most page_limit.
  virtual task<result<std::vector<position_record>>> positions(user_id, position_filter, position_page) = 0;

  /// By day, exchange and symbol; at most `limit`.
  virtual task<result<std::vector<order_day>>> order_days(wall_time from, wall_time to, int limit) = 0;
};

std::unique_ptr<history_store> make_postgres_history_store(database&);

struct memory_orders;
/// `account_of` stands in for the accounts table: nothing for unknown accounts.
struct memory_history_accounts {
  struct row {
    user_id user;
    std::string exchange_name;
  };
  std::function<std::optional<row>(account_id)> account_of;
};
/// Reads what a memory journal writes. On the journal's thread.
std::unique_ptr<history_store> make_memory_history_store(std::shared_ptr<const memory_orders>, memory_history_accounts);

/// "BTC" and "USDT" of "BTC/USDT"; both empty when it is no such symbol.
struct symbol_assets {
  std::string base, quote;
};
symbol_assets split_symbol(std::string_view symbol);

/// What a unit of it cost on average; nothing without quantity.
std::optional<decimal> average_price(const tenants::position&);
/// What closing it at `price` would realise besides, before fees: exact up to the product's 18 places.
decimal unrealised_profit(const tenants::position&, decimal price);

}  // namespace drover::engine
