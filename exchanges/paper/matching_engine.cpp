#include "exchanges/paper/matching_engine.hpp"

#include <algorithm>

namespace drover::exchanges::paper {

matching_engine::matching_engine(matching_rules rules, matching_listener& listener)
    : rules_(rules), listener_(listener) {}

instrument_number matching_engine::add_instrument(exchanges::instrument i) {
  const auto number = static_cast<instrument_number>(markets_.size());
  by_symbol_.emplace(i.venue_symbol, number);
  market_state state;
  state.base = intern_asset(i.base_asset);
  state.quote = intern_asset(i.quote_asset);
  state.instrument = std::move(i);
  markets_.push_back(std::move(state));
  return number;
}

std::optional<instrument_number> matching_engine::find_instrument(std::string_view venue_symbol) const {
  auto it = by_symbol_.find(std::string(venue_symbol));
  if (it == by_symbol_.end()) return std::nullopt;
  return it->second;
}

asset_number matching_engine::intern_asset(std::string_view name) {
  auto it = std::ranges::find(assets_, name);
  if (it != assets_.end()) return static_cast<asset_number>(it - assets_.begin());
  assets_.emplace_back(name);
  fees_.emplace_back();
  return static_cast<asset_number>(assets_.size() - 1);
}

account_number matching_engine::open_account(account_rules rules) {
  accounts_.emplace_back().rules = rules;
  return static_cast<account_number>(accounts_.size() - 1);
}

void matching_engine::credit(account_number n, asset_number asset, decimal amount) {
  accounts_[to_index(n)].balances.credit(asset, amount);
}

std::optional<refusal> matching_engine::check_filters(const order_ticket& t) const {
  const auto& m = market(t.instrument);
  const auto& i = m.instrument;
  const bool priced = t.type != order_type::market;
  if (priced && (!t.price.is_positive() || !t.price.is_multiple_of(i.tick_size))) return refusal::price_filter;
  if (!priced && t.quote_quantity.is_positive())
    return t.quote_quantity < i.min_notional ? std::optional(refusal::min_notional) : std::nullopt;
  if (t.quantity < i.min_quantity || t.quantity > i.max_quantity || !t.quantity.is_multiple_of(i.lot_size))
    return refusal::lot_size;
  const auto* best = m.book.of(opposite(t.side)).best();
  const decimal market_price = m.last_price.is_zero() && best != nullptr ? best->price : m.last_price;
  const decimal price = priced ? t.price : market_price;
  if (decimal::multiply(price, t.quantity) < i.min_notional) return refusal::min_notional;
  return std::nullopt;
}

std::optional<refusal> matching_engine::check_funds(const order_ticket& t) const {
  const auto& m = market(t.instrument);
  const auto& wallet = account(t.account).balances;
  if (t.side == side::sell && t.quote_quantity.is_zero())
    return wallet.free(m.base) < t.quantity ? std::optional(refusal::insufficient_funds) : std::nullopt;
  if (t.side == side::sell) return wallet.free(m.base).is_positive() ? std::nullopt : std::optional(refusal::insufficient_funds);
  decimal needed = t.quote_quantity;
  if (needed.is_zero()) {
    needed = t.type == order_type::market ? cost_of_market_buy(t) : decimal::multiply(t.price, t.quantity);
    if (account(t.account).rules.fee == fee_rule::quote_asset) needed += most_fee(needed);
  }
  return wallet.free(m.quote) < needed ? std::optional(refusal::insufficient_funds) : std::nullopt;
}

std::optional<refusal> matching_engine::check(const order_ticket& t) const {
  if (!trading_ || !market(t.instrument).instrument.trading) return refusal::market_closed;
  if (auto refused = check_filters(t)) return refused;
  const auto& account_state = account(t.account);
  if (account_state.open_orders.size() >= rules_.open_orders_limit) return refusal::too_many_orders;
  const auto rules = account_state.rules;
  if (const auto* same = t.client_id.empty() ? nullptr : find_order(t.account, t.client_id); same != nullptr) {
    if (rules.ids == client_id_rule::returns_existing) return std::nullopt;
    if (rules.ids == client_id_rule::never_reused || !is_terminal(same->status)) return refusal::duplicate_client_id;
  }
  if (t.type == order_type::limit_maker && rules.post_only == post_only_rule::refused && would_match(t)) return refusal::would_match;
  return check_funds(t);
}

bool matching_engine::would_match(const order_ticket& t) const {
  const auto& other = market(t.instrument).book.of(opposite(t.side));
  const auto* best = other.best();
  return best != nullptr && other.reaches(t.price, best->price);
}

/// The order to answer instead of placing, see client_id_rule::returns_existing.
const paper_order* matching_engine::find_existing(const order_ticket& t) const {
  if (t.client_id.empty() || account(t.account).rules.ids != client_id_rule::returns_existing) return nullptr;
  return find_order(t.account, t.client_id);
}

decimal matching_engine::cut_fee(decimal amount, int basis_points) const {
  return decimal::divide(decimal::multiply(amount, decimal(basis_points)), decimal(10'000), rounding::down)
      .round_to_places(rules_.fee_places, rounding::down);
}

/// What fees on `amount` can come to: the fees of its parts are cut down, so that they never sum up to more.
decimal matching_engine::most_fee(decimal amount) const {
  return cut_fee(amount, std::max(rules_.maker_fee_basis_points, rules_.taker_fee_basis_points));
}

decimal matching_engine::cost_of_market_buy(const order_ticket& t) const {
  decimal left = t.quantity, cost;
  for (const auto& [key, level] : market(t.instrument).book.asks.levels()) {
    for (const auto& lot : level.queue) {
      if (lot.order != house && orders_.at(lot.order).account == t.account) continue;
      const decimal take = std::min(left, lot.quantity);
      cost += decimal::multiply(take, level.price);
      left -= take;
      if (left.is_zero()) return cost;
    }
  }
  return cost;
}

bool matching_engine::can_fill_whole(const order_ticket& t) const {
  decimal left = t.quantity;
  const auto& other = market(t.instrument).book.of(opposite(t.side));
  for (const auto& [key, level] : other.levels()) {
    if (!other.reaches(t.price, level.price)) break;
    for (const auto& lot : level.queue) {
      if (lot.order != house && orders_.at(lot.order).account == t.account) continue;
      if (lot.quantity >= left) return true;
      left -= lot.quantity;
    }
  }
  return false;
}

paper_order& matching_engine::record(const order_ticket& t, wall_time now) {
  trim_history(accounts_[to_index(t.account)]);
  const auto number = ++last_order_;
  auto& o = orders_[number];
  o.number = number;
  o.account = t.account;
  o.instrument = t.instrument;
  o.side = t.side;
  o.type = t.type;
  o.tif = t.tif;
  o.price = t.price;
  o.quantity = t.quantity;
  o.quote_quantity = t.quote_quantity;
  o.client_id = t.client_id;
  o.created_at = o.updated_at = now;
  auto& owner = accounts_[to_index(t.account)];
  owner.orders.push_back(number);
  if (!t.client_id.empty()) owner.by_client_id[t.client_id] = number;
  return o;
}

const paper_order& matching_engine::reject(const order_ticket& t, refusal why, wall_time now) {
  auto& o = record(t, now);
  o.status = order_status::rejected;
  o.rejected_for = why;
  listener_.on_order(o, order_change::rejected, nullptr);
  return o;
}

paper_order& matching_engine::enter(const order_ticket& t, wall_time now) {
  auto& o = record(t, now);
  auto& owner = accounts_[to_index(t.account)];
  owner.open_orders.push_back(o.number);
  if (t.type != order_type::market) {
    const auto& m = market(t.instrument);
    if (t.side == side::buy) {
      const decimal notional = decimal::multiply(t.price, t.quantity);
      if (owner.rules.fee == fee_rule::quote_asset) o.locked_fee = most_fee(notional);
      owner.balances.lock(m.quote, notional + o.locked_fee);
    } else {
      owner.balances.lock(m.base, t.quantity);
    }
  }
  touch(t.account, t.instrument);
  listener_.on_order(o, order_change::accepted, nullptr);
  return o;
}

std::expected<placement, refusal> matching_engine::place(const order_ticket& t, wall_time now) {
  if (auto refused = check(t)) return std::unexpected(*refused);
  if (const auto* known = find_existing(t)) return placement{.order = known, .existing = true};
  const bool taker_by_mistake = t.type == order_type::limit_maker && would_match(t);
  const bool hopeless = t.type == order_type::limit && t.tif == time_in_force::fok && !can_fill_whole(t);
  auto& o = enter(t, now);
  placement out{.order = &o};
  if (taker_by_mistake) {
    o.cancelled_as_taker = true;
    finish(o, order_status::cancelled, now, order_change::cancelled);
    flush_balances();
    return out;
  }
  if (!hopeless && t.type != order_type::limit_maker) {
    aggressor a{.instrument = t.instrument, .side = t.side, .quantity = t.quantity, .order = &o, .now = now, .fills = &out.fills};
    if (t.type != order_type::market) a.limit = t.price;
    if (t.quote_quantity.is_positive()) a.quote_left = t.quote_quantity;
    match(a);
  }
  if (o.status == order_status::filled) {
    flush_balances();
    return out;
  }
  const bool rests = t.type == order_type::limit_maker || (t.type == order_type::limit && t.tif == time_in_force::gtc);
  if (rests) {
    auto& own_side = market(t.instrument).book.of(t.side);
    own_side.add_order(o.number, o.price, o.remaining());
    listener_.on_level(t.instrument, t.side, o.price, own_side.find(o.price)->total);
  } else {
    finish(o, order_status::expired, now, order_change::expired);
  }
  flush_balances();
  return out;
}

const paper_order* matching_engine::cancel(account_number n, order_number number, wall_time now) {
  auto it = orders_.find(number);
  if (it == orders_.end() || it->second.account != n || is_terminal(it->second.status)) return nullptr;
  auto& o = it->second;
  auto& own_side = market(o.instrument).book.of(o.side);
  own_side.remove_order(number);
  const auto* level = own_side.find(o.price);
  listener_.on_level(o.instrument, o.side, o.price, level == nullptr ? decimal() : level->total);
  finish(o, order_status::cancelled, now, order_change::cancelled);
  flush_balances();
  return &o;
}

const paper_order* matching_engine::find_order(order_number number) const {
  auto it = orders_.find(number);
  return it == orders_.end() ? nullptr : &it->second;
}

const paper_order* matching_engine::find_order(account_number n, std::string_view client_id) const {
  const auto& ids = account(n).by_client_id;
  auto it = ids.find(std::string(client_id));
  return it == ids.end() ? nullptr : find_order(it->second);
}

void matching_engine::restore_holding(account_number n, wallet::holding h) {
  accounts_[to_index(n)].balances.at(h.asset) = h;
}

void matching_engine::restore_order(paper_order o) {
  auto& owner = accounts_[to_index(o.account)];
  owner.orders.push_back(o.number);
  if (!o.client_id.empty()) owner.by_client_id[o.client_id] = o.number;
  if (!is_terminal(o.status)) {
    owner.open_orders.push_back(o.number);
    market(o.instrument).book.of(o.side).add_order(o.number, o.price, o.remaining());
  }
  last_order_ = std::max(last_order_, o.number);
  orders_.emplace(o.number, std::move(o));
}

void matching_engine::restore_fill(account_number n, execution e) { accounts_[to_index(n)].fills.push_back(e); }

void matching_engine::restore_counters(order_number last_order, const std::vector<std::int64_t>& last_trades) {
  last_order_ = std::max(last_order_, last_order);
  for (std::size_t i = 0; i < std::min(last_trades.size(), markets_.size()); ++i)
    markets_[i].last_trade = std::max(markets_[i].last_trade, last_trades[i]);
}

}  // namespace drover::exchanges::paper
