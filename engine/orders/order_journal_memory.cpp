#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "base/planted.hpp"
#include "engine/orders/intent_rules.hpp"
#include "engine/orders/memory_orders.hpp"
#include "engine/orders/order_journal.hpp"

namespace drover::engine {
namespace {

using trade_key = memory_orders::books_key;

class memory_order_journal final : public order_journal {
 public:
  memory_order_journal(const clock& time, std::shared_ptr<memory_orders> rows) : clock_(time), rows_(std::move(rows)) {
    for (const auto& [id, order] : orders_) index(order);
  }

  task<result<std::int64_t>> acquire_lease(account_id account, std::string) override { co_return ++epochs_[account]; }

  task<result<std::vector<std::int64_t>>> acquire_leases(std::vector<account_id> accounts, std::string) override {
    for (auto account : std::set<account_id>(accounts.begin(), accounts.end())) ++epochs_[account];
    std::vector<std::int64_t> epochs;
    for (auto account : accounts) epochs.push_back(epochs_[account]);
    co_return epochs;
  }

  task<result<void>> append_intent(order_intent intent, std::int64_t epoch) override {
    if (!holds(intent.account, epoch)) co_return fenced();
    const uuid id = intent.id;
    const auto row = orders_.try_emplace(id, journal_order{.intent = std::move(intent), .venue_order_id = {}, .reason = {}}).first;
    index(row->second);
    rows_->times.try_emplace(id).first->second.updated_at = clock_.wall_now();
    co_return result<void>{};
  }

  task<result<void>> record_accepted(uuid id, std::string venue_order_id, std::int64_t epoch,
                                     std::optional<wall_time> sent_at) override {
    auto order = writable(id, epoch);
    if (!order) co_return std::unexpected(order.error());
    apply_existence(**order, venue_order_id);
    stamp(**order, sent_at);
    co_return result<void>{};
  }

  task<result<void>> record_outcome(uuid id, intent_state state, std::string reason, std::int64_t epoch,
                                    std::optional<wall_time> sent_at) override {
    auto order = writable(id, epoch);
    if (!order) co_return std::unexpected(order.error());
    apply_outcome(**order, state, std::move(reason));
    stamp(**order, sent_at);
    co_return result<void>{};
  }

  task<result<void>> record_status(uuid id, exchanges::order_status status, decimal filled_quantity,
                                   std::string venue_order_id, std::int64_t epoch, std::optional<wall_time> sent_at) override {
    auto order = writable(id, epoch);
    if (!order) co_return std::unexpected(order.error());
    apply_status(**order, status, filled_quantity, venue_order_id);
    stamp(**order, sent_at);
    co_return result<void>{};
  }

  task<result<booked_fill>> record_fill(user_id user, account_id account, std::optional<uuid> intent,
                                        exchanges::instrument instrument, exchanges::fill fill) override {
    auto order = orders_.end();
    if (intent) {
      order = orders_.find(*intent);
      if (order == orders_.end() || order->second.intent.account != account)
        co_return fail(journal_errc::internal, "a fill names an intent that its account does not have");
    }
    const trade_key books{account, fill.symbol};
    std::string key = fill.trade_id;
    if (planted("forget_dedupe") && fills_[books].contains(key)) key += "+";
    auto [at, inserted] = fills_[books].try_emplace(std::move(key));
    stored_fill& row = at->second;
    const bool is_new = inserted || (!row.intent && intent);
    if (inserted) {
      row.booked.id = fill_id(++last_fill_);
      row.user = user;
      row.recorded_at = clock_.wall_now();
    }
    if (is_new) {
      row.booked.fill = std::move(fill);
      row.booked.quote_asset = instrument.quote_asset;
    }
    if (is_new && intent) {
      row.intent = intent;
      book(user, books, instrument, row.booked);
      apply_fill(order->second, row.booked.fill.quantity, row.booked.fill.venue_order_id);
      stamp(order->second);
    }
    booked_fill answer = row.booked;
    answer.was_new = is_new;
    answer.position = positions_[books].position;
    if (intent) answer.order_filled = order->second.filled_quantity;
    answer.total_earnings = earnings_[{user, instrument.quote_asset}];
    co_return answer;
  }

  task<result<std::vector<journal_order>>> load_open(account_id account) override {
    std::vector<journal_order> open;
    if (const auto known = open_.find(account); known != open_.end())
      for (const auto& id : known->second) open.push_back(orders_.at(id));
    std::ranges::sort(open, [](const auto& a, const auto& b) {
      return std::tie(a.intent.created_at, a.intent.id) < std::tie(b.intent.created_at, b.intent.id);
    });
    co_return open;
  }

  task<result<std::optional<journal_order>>> find(uuid id) override {
    auto at = orders_.find(id);
    if (at == orders_.end()) co_return std::optional<journal_order>();
    co_return std::optional(at->second);
  }

  task<result<std::optional<journal_order>>> find_by_venue_order(account_id account, std::string symbol,
                                                                 std::string venue_order_id) override {
    const auto at = by_venue_order_.find({account, std::move(symbol), std::move(venue_order_id)});
    if (at == by_venue_order_.end()) co_return std::optional<journal_order>();
    co_return std::optional(orders_.at(at->second));
  }

  task<result<exchanges::fill_cursor>> last_fill(account_id account, std::string symbol) override {
    auto at = positions_.find({account, symbol});
    if (at != positions_.end() && !at->second.complete_to.trade_id.empty()) co_return at->second.complete_to;
    exchanges::fill_cursor since;
    for (const auto& [id, order] : orders_)
      if (order.intent.account == account && order.intent.symbol == symbol)
        since.at = std::min(since.at.value_or(order.intent.created_at), order.intent.created_at);
    co_return since;
  }

  task<result<void>> mark_fills_complete(account_id account, std::string symbol, exchanges::fill_cursor to,
                                         std::int64_t epoch) override {
    if (!holds(account, epoch)) co_return fenced();
    auto& row = positions_[{account, std::move(symbol)}];
    if (is_before(row.complete_to, to)) row.complete_to = std::move(to);
    co_return result<void>{};
  }

  task<result<tenants::position>> load_position(account_id account, std::string symbol) override {
    auto at = positions_.find({account, std::move(symbol)});
    co_return at == positions_.end() ? tenants::position() : at->second.position;
  }

  task<result<std::string>> load_strategy_state(bot_id bot) override {
    auto at = states_.find(bot);
    co_return at == states_.end() ? std::string() : at->second.text;
  }

  task<result<void>> save_strategy_state(bot_id bot, account_id account, std::string state_json, std::int64_t epoch) override {
    if (!holds(account, epoch)) co_return fenced();
    states_[bot] = {account, std::move(state_json)};
    co_return result<void>{};
  }

  task<result<void>> check_writable() override { co_return result<void>{}; }

  task<result<std::vector<account_summary>>> load_summaries() override {
    std::map<account_id, account_summary> known;
    for (const auto& [account, open] : open_) known[account].has_open_intents = !open.empty();
    for (const auto& [books, row] : positions_) {
      auto& summary = known[books.first];
      summary.has_position = summary.has_position || row.position.quantity != decimal(0);
    }
    for (const auto& [bot, state] : states_) known[state.account].strategy_states[bot] = state.text;
    std::vector<account_summary> summaries;
    for (auto& [account, summary] : known) {
      summary.account = account;
      summaries.push_back(std::move(summary));
    }
    co_return summaries;
  }

  task<result<statistics>> load_statistics() override {
    statistics s;
    for (const auto& [id, order] : orders_) count(s, order.state);
    std::map<std::string, decimal> volume, realised;
    for (const auto& [books, fills] : fills_)
      for (const auto& [id, row] : fills) {
        if (!row.intent) continue;
        ++s.fills;
        volume[row.booked.quote_asset] += row.booked.fill.price * row.booked.fill.quantity;
        if (!row.booked.realised.is_zero()) realised[row.booked.quote_asset] += row.booked.realised;
      }
    s.volume_json = to_json(volume);
    s.realised_json = to_json(realised);
    co_return s;
  }

 private:
  using stored_fill = memory_orders::stored_fill;
  struct saved_state {
    account_id account;
    std::string text;
  };

  static std::unexpected<error> fenced() {
    return fail(journal_errc::fenced, "the account belongs to another engine now");
  }

  bool holds(account_id account, std::int64_t epoch) const {
    auto at = epochs_.find(account);
    if (planted("skip_fence")) return true;
    return at != epochs_.end() && at->second == epoch;
  }

  result<journal_order*> writable(const uuid& id, std::int64_t epoch) {
    auto at = orders_.find(id);
    if (at == orders_.end()) return fail(journal_errc::internal, "no such intent");
    if (!holds(at->second.intent.account, epoch)) return fenced();
    return &at->second;
  }

  void index(const journal_order& o) {
    auto& open = open_[o.intent.account];
    if (is_open(o.state))
      open.insert(o.intent.id);
    else
      open.erase(o.intent.id);
    if (!o.venue_order_id.empty()) by_venue_order_.try_emplace({o.intent.account, o.intent.symbol, o.venue_order_id}, o.intent.id);
  }

  /// As the trigger of the table does.
  void stamp(const journal_order& o, std::optional<wall_time> sent_at = {}) {
    index(o);
    auto& times = rows_->times[o.intent.id];
    if (!times.sent_at) times.sent_at = sent_at;
    const auto now = clock_.wall_now();
    times.updated_at = now;
    const bool exists = o.state == intent_state::accepted || o.state == intent_state::closed;
    if (exists && !times.accepted_at) times.accepted_at = now;
    if (o.state == intent_state::unknown && !times.unknown_at) times.unknown_at = now;
    if (is_open(o.state))
      times.ended_at.reset();
    else if (!times.ended_at)
      times.ended_at = now;
  }

  void book(user_id user, const trade_key& books, const exchanges::instrument& instrument, booked_fill& out) {
    const auto& f = out.fill;
    auto& row = positions_[books];
    auto effect = tenants::apply_trade(row.position, {.is_buy = f.side == exchanges::side::buy,
                                                      .base_asset = instrument.base_asset,
                                                      .quote_asset = instrument.quote_asset,
                                                      .price = f.price,
                                                      .quantity = f.quantity,
                                                      .fee = planted("lose_fee") ? decimal() : f.fee,
                                                      .fee_asset = f.fee_asset});
    row.position = effect.after;
    row.updated_at = clock_.wall_now();
    out.realised = effect.realised;
    if (effect.realised.is_zero()) return;
    out.earning_id = ++last_earning_;
    earnings_[{user, instrument.quote_asset}] += effect.realised;
  }

  static void count(statistics& s, intent_state state) {
    switch (state) {
      case intent_state::intended: ++s.intended; break;
      case intent_state::accepted: ++s.accepted; break;
      case intent_state::unknown: ++s.unknown; break;
      case intent_state::refused: ++s.refused; break;
      case intent_state::not_placed: ++s.not_placed; break;
      case intent_state::closed: ++s.closed; break;
    }
  }

  static std::string to_json(const std::map<std::string, decimal>& sums) {
    std::string text;
    for (const auto& [asset, sum] : sums)
      text += (text.empty() ? "\"" : ", \"") + asset + "\": \"" + sum.to_string() + '"';
    return '{' + text + '}';
  }

  const clock& clock_;
  std::shared_ptr<memory_orders> rows_;
  std::unordered_map<uuid, journal_order>& orders_ = rows_->orders;
  std::map<trade_key, std::map<std::string, stored_fill>>& fills_ = rows_->fills;
  std::map<trade_key, memory_orders::books_row>& positions_ = rows_->positions;
  std::map<account_id, std::set<uuid>> open_;
  std::map<std::tuple<account_id, std::string, std::string>, uuid> by_venue_order_;
  std::map<account_id, std::int64_t> epochs_;
  std::map<std::pair<user_id, std::string>, decimal> earnings_;
  std::map<bot_id, saved_state> states_;
  std::int64_t last_fill_ = 0, last_earning_ = 0;
};

}  // namespace

std::unique_ptr<order_journal> make_memory_order_journal(const clock& time) {
  return make_memory_order_journal(time, std::make_shared<memory_orders>());
}
std::unique_ptr<order_journal> make_memory_order_journal(const clock& time, std::shared_ptr<memory_orders> rows) {
  return std::make_unique<memory_order_journal>(time, std::move(rows));
}

}  // namespace drover::engine
