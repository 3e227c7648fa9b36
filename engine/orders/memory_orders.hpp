#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include "engine/history/history_store.hpp"
#include "engine/orders/order_journal.hpp"

namespace drover::engine {

/// The rows of a journal in memory: written by its journal, read by its history store. One thread.
struct memory_orders {
  /// Account and symbol.
  using books_key = std::pair<account_id, std::string>;

  struct stored_fill {
    booked_fill booked;
    user_id user;
    std::optional<uuid> intent;
    wall_time recorded_at;
  };
  struct books_row {
    tenants::position position;
    exchanges::fill_cursor complete_to;
    wall_time updated_at;
  };

  std::unordered_map<uuid, journal_order> orders;
  std::unordered_map<uuid, order_times> times;
  /// By trade id.
  std::map<books_key, std::map<std::string, stored_fill>> fills;
  std::map<books_key, books_row> positions;
};

}  // namespace drover::engine
