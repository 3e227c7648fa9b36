#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/orders/order_journal.hpp"

namespace pqxx {
class connection_base;
class row;
class transaction_base;
}

/// What the PostgreSQL journal does on a connection's thread: one function per transaction. Failures are libpqxx's
/// exceptions.
namespace drover::engine::rows {

struct pending_intent {
  order_intent intent;
  std::int64_t epoch = 0;
};

/// A fact about an order on its way into the journal; fields that a kind does not have stay empty.
struct pending_update {
  uuid id;
  std::int64_t epoch = 0;
  /// Set for outcomes only.
  std::optional<intent_state> outcome;
  /// Set for a status only.
  std::optional<exchanges::order_status> status;
  decimal reported;
  std::string venue_order_id{};
  std::string reason{};
  std::optional<wall_time> sent_at{};
};

struct pending_state {
  bot_id bot;
  account_id account;
  std::int64_t epoch = 0;
  std::string text;
};

struct pending_fill {
  user_id user;
  account_id account;
  std::optional<uuid> intent;
  exchanges::instrument instrument;
  exchanges::fill fill;
};

/// PostgreSQL's text form of an array.
class array_text {
 public:
  void add(std::string_view element);
  std::string finish() const { return text_.empty() ? "{}" : text_ + "}"; }

 private:
  std::string text_;
};

/// What a row of order_intents is read from: its first columns, as order_columns() lists them.
const std::string& order_columns();
journal_order order_of(const pqxx::row&);
constexpr int order_column_count = 20;

std::vector<std::pair<account_id, std::int64_t>> acquire_leases(pqxx::connection_base&, const std::vector<account_id>&,
                                                                const std::string& engine_name);

/// Fails as a write would.
void check_writable(pqxx::connection_base&);

/// Ids that are stored now; the others' leases moved on.
std::vector<uuid> insert_intents(pqxx::connection_base&, const std::vector<pending_intent>&);
/// Those of `ids` that are stored.
std::vector<uuid> find_stored(pqxx::connection_base&, const std::vector<uuid>& ids);
/// Ids that were updated; the others are unknown or their leases moved on. Running it again changes nothing.
std::vector<uuid> update_intents(pqxx::connection_base&, const std::vector<pending_update>&);
/// Books all of them or none, in their order.
std::vector<booked_fill> insert_fills(pqxx::connection_base&, const std::vector<pending_fill>&);
/// Transactions that write several intents take their locks first and in one order, so that two of them never wait for
/// each other.
void lock_intents(pqxx::transaction_base&, std::vector<uuid>);

std::vector<journal_order> select_open(pqxx::connection_base&, account_id);
std::optional<journal_order> select_order(pqxx::connection_base&, const uuid&);
std::optional<journal_order> select_order(pqxx::connection_base&, account_id, const std::string& symbol,
                                          const std::string& venue_order_id);
exchanges::fill_cursor select_complete_to(pqxx::connection_base&, account_id, const std::string& symbol);
/// False when the lease moved on.
bool update_complete_to(pqxx::connection_base&, account_id, const std::string& symbol, const exchanges::fill_cursor& to,
                        std::int64_t epoch);
tenants::position select_position(pqxx::connection_base&, account_id, const std::string& symbol);
std::string select_strategy_state(pqxx::connection_base&, bot_id);
/// Bots whose state was written; the others' leases moved on. Each bot at most once.
std::vector<bot_id> update_strategy_states(pqxx::connection_base&, const std::vector<pending_state>&);
std::vector<order_journal::account_summary> select_summaries(pqxx::connection_base&);
order_journal::statistics select_statistics(pqxx::connection_base&);

}  // namespace drover::engine::rows
