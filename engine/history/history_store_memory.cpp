#include <algorithm>
#include <tuple>

#include "engine/history/history_store.hpp"
#include "engine/orders/memory_orders.hpp"
#include "tenants/errors.hpp"

namespace drover::engine {
namespace {

using tenants::tenant_errc;

/// As the database keeps it.
wall_time in_microseconds(wall_time t) { return {std::chrono::floor<std::chrono::microseconds>(t.since_epoch)}; }

std::size_t clamp_limit(int limit) { return static_cast<std::size_t>(std::clamp(limit, 1, history_store::page_limit)); }

bool is_within(wall_time t, const std::optional<wall_time>& from, const std::optional<wall_time>& to) {
  return (!from || t >= *from) && (!to || t < *to);
}

class memory_history_store final : public history_store {
 public:
  memory_history_store(std::shared_ptr<const memory_orders> rows, memory_history_accounts accounts)
      : rows_(std::move(rows)), accounts_(std::move(accounts)) {}

  task<result<std::vector<order_record>>> orders(user_id user, order_filter filter, order_page page) override {
    auto found = matching(user, filter);
    const auto key = [](const order_record& r) { return std::tuple(in_microseconds(r.order.intent.created_at), r.order.intent.id); };
    std::ranges::sort(found, {}, key);
    if (!page.oldest_first) std::ranges::reverse(found);
    if (page.after) {
      const auto place = std::tuple(page.after->created_at, page.after->id);
      std::erase_if(found, [&](const auto& r) { return page.oldest_first ? key(r) <= place : key(r) >= place; });
    }
    if (found.size() > clamp_limit(page.limit)) found.resize(clamp_limit(page.limit));
    co_return found;
  }

  task<result<std::int64_t>> count_orders(user_id user, order_filter filter) override {
    co_return std::min(static_cast<std::int64_t>(matching(user, filter).size()), count_limit);
  }

  task<result<order_record>> get_order(user_id user, uuid id) override {
    const auto at = rows_->orders.find(id);
    if (at == rows_->orders.end() || at->second.intent.user != user) co_return fail(tenant_errc::not_found);
    co_return record_of(at->second);
  }

  task<result<std::vector<fill_record>>> fills(user_id user, fill_filter filter, fill_page page) override {
    auto found = matching(user, filter);
    const auto key = [](const fill_record& r) { return std::tuple(in_microseconds(r.fill.at), r.id); };
    std::ranges::sort(found, {}, key);
    if (!page.oldest_first) std::ranges::reverse(found);
    if (page.after) {
      const auto place = std::tuple(page.after->at, page.after->id);
      std::erase_if(found, [&](const auto& r) { return page.oldest_first ? key(r) <= place : key(r) >= place; });
    }
    if (found.size() > clamp_limit(page.limit)) found.resize(clamp_limit(page.limit));
    co_return found;
  }

  task<result<std::int64_t>> count_fills(user_id user, fill_filter filter) override {
    co_return std::min(static_cast<std::int64_t>(matching(user, filter).size()), count_limit);
  }

  task<result<std::vector<position_record>>> positions(user_id user, position_filter filter, position_page page) override {
    std::vector<position_record> found;
    const auto after = std::tuple(page.after_account, page.after_symbol);
    for (const auto& [books, row] : rows_->positions) {
      const auto owner = accounts_.account_of(books.first);
      if (!owner || owner->user != user) continue;
      if (filter.account.valid() && books.first != filter.account) continue;
      if (!filter.symbol.empty() && books.second != filter.symbol) continue;
      if (filter.open_only && row.position.quantity.is_zero()) continue;
      if (page.after_account.valid() && std::tuple(books.first, books.second) <= after) continue;
      auto assets = split_symbol(books.second);
      found.push_back({books.first, user, owner->exchange_name, books.second, std::move(assets.base), std::move(assets.quote),
                       row.position, row.updated_at});
      if (found.size() == clamp_limit(page.limit)) break;
    }
    co_return found;
  }

  task<result<std::vector<order_day>>> order_days(wall_time from, wall_time to, int limit) override {
    std::map<day_key, order_day> days;
    for (const auto& [id, order] : rows_->orders)
      if (is_within(order.intent.created_at, from, to)) count(days, order);
    for (const auto& [books, fills] : rows_->fills)
      for (const auto& [trade, row] : fills)
        if (row.intent && is_within(row.booked.fill.at, from, to)) add(days, books.first, row.booked);
    std::vector<order_day> out;
    for (auto& [key, day] : days)
      if (std::cmp_less(out.size(), limit)) out.push_back(std::move(day));
    co_return out;
  }

 private:
  using day_key = std::tuple<wall_time, std::string, std::string>;

  order_record record_of(const journal_order& order) const {
    const auto times = rows_->times.find(order.intent.id);
    return {order, times == rows_->times.end() ? order_times() : times->second};
  }

  std::vector<order_record> matching(user_id user, const order_filter& f) const {
    std::vector<order_record> found;
    for (const auto& [id, order] : rows_->orders) {
      const auto& i = order.intent;
      const bool wanted = i.user == user && (!f.account.valid() || i.account == f.account) && (!f.bot.valid() || i.bot == f.bot) &&
                          (f.symbol.empty() || i.symbol == f.symbol) && (!f.side || i.side == *f.side) &&
                          (!f.state || order.state == *f.state) && is_within(i.created_at, f.from, f.to);
      if (wanted) found.push_back(record_of(order));
    }
    return found;
  }

  std::vector<fill_record> matching(user_id user, const fill_filter& f) const {
    std::vector<fill_record> found;
    for (const auto& [books, fills] : rows_->fills)
      for (const auto& [trade, row] : fills) {
        auto record = record_of(books.first, row);
        const bool wanted = row.user == user && (!f.account.valid() || books.first == f.account) &&
                            (!f.bot.valid() || record.bot == f.bot) && (f.symbol.empty() || books.second == f.symbol) &&
                            (!f.side || record.fill.side == *f.side) && (!f.order || row.intent == f.order) &&
                            is_within(record.fill.at, f.from, f.to);
        if (wanted) found.push_back(std::move(record));
      }
    return found;
  }

  fill_record record_of(account_id account, const memory_orders::stored_fill& row) const {
    const auto owner = accounts_.account_of(account);
    fill_record out{.id = row.booked.id,
                    .account = account,
                    .user = row.user,
                    .order = row.intent,
                    .bot = {},
                    .exchange_name = owner ? owner->exchange_name : std::string(),
                    .fill = row.booked.fill,
                    .quote_asset = row.booked.quote_asset,
                    .realised = row.booked.realised,
                    .recorded_at = row.recorded_at};
    const auto order = row.intent ? rows_->orders.find(*row.intent) : rows_->orders.end();
    if (order != rows_->orders.end()) out.bot = order->second.intent.bot;
    return out;
  }

  static order_day& day_of(std::map<day_key, order_day>& days, wall_time at, const std::string& exchange, const std::string& symbol) {
    const wall_time day{std::chrono::floor<std::chrono::days>(at.since_epoch)};
    auto& row = days[{day, exchange, symbol}];
    row.day = day;
    row.exchange_name = exchange;
    row.symbol = symbol;
    row.quote_asset = split_symbol(symbol).quote;
    return row;
  }

  void count(std::map<day_key, order_day>& days, const journal_order& order) const {
    auto& row = day_of(days, order.intent.created_at, order.intent.exchange_name, order.intent.symbol);
    switch (order.state) {
      case intent_state::intended: ++row.intended; break;
      case intent_state::accepted: ++row.accepted; break;
      case intent_state::unknown: ++row.unknown; break;
      case intent_state::refused: ++row.refused; break;
      case intent_state::not_placed: ++row.not_placed; break;
      case intent_state::closed: ++row.closed; break;
    }
    const bool failed = order.state == intent_state::refused || order.state == intent_state::not_placed;
    if (failed || record_of(order).times.unknown_at) ++row.errors;
  }

  void add(std::map<day_key, order_day>& days, account_id account, const booked_fill& booked) const {
    const auto owner = accounts_.account_of(account);
    auto& row = day_of(days, booked.fill.at, owner ? owner->exchange_name : std::string(), booked.fill.symbol);
    ++row.fills;
    row.volume += booked.fill.price * booked.fill.quantity;
    row.realised += booked.realised;
  }

  std::shared_ptr<const memory_orders> rows_;
  memory_history_accounts accounts_;
};

}  // namespace

std::unique_ptr<history_store> make_memory_history_store(std::shared_ptr<const memory_orders> rows, memory_history_accounts accounts) {
  return std::make_unique<memory_history_store>(std::move(rows), std::move(accounts));
}

}  // namespace drover::engine
