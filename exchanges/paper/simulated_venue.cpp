#include "exchanges/paper/simulated_venue.hpp"

#include <algorithm>

namespace drover::exchanges::paper {

simulated_venue::simulated_venue(const paper_config& config, const clock& clock, random_source& random)
    : config_(config),
      clock_(clock),
      random_(random),
      engine_({.maker_fee_basis_points = config.maker_fee_basis_points, .taker_fee_basis_points = config.taker_fee_basis_points}, *this),
      data_(engine_),
      generator_(engine_, {.step_basis_points = config.step_basis_points}, config.seed),
      player_(engine_, data_, *this),
      paused_(config.start_paused) {}

result<void> simulated_venue::open() {
  auto sources = recording_player::find_sources(config_.recordings);
  if (!sources) return std::unexpected(sources.error());
  for (const auto& text : config_.instruments)
    if (auto added = add_instrument(text, *sources); !added) return added;
  for (const auto& source : *sources)
    if (!engine_.find_instrument(source.venue_symbol))
      return fail(errc::not_found, "the recording has " + source.venue_symbol + ", which is not among the instruments");
  return {};
}

result<void> simulated_venue::add_instrument(const std::string& text, const std::vector<recording_player::source>& sources) {
  auto parsed = parse_instrument(text);
  if (!parsed) return std::unexpected(parsed.error());
  auto& [instrument, price] = *parsed;
  if (engine_.find_instrument(instrument.venue_symbol)) return fail(errc::malformed, "instrument " + instrument.symbol + " is given twice");
  auto source = std::ranges::find(sources, instrument.venue_symbol, &recording_player::source::venue_symbol);
  data_.add_instrument(source != sources.end());
  published_tops_.emplace_back();
  depth_published_.push_back(false);
  book_changed_.push_back(false);
  const auto n = engine_.add_instrument(std::move(instrument));
  first_prices_.push_back(price);
  if (source != sources.end()) return player_.add(n, source->files);
  return {};
}

void simulated_venue::begin() {
  for (std::size_t i = 0; i < engine_.instrument_count(); ++i) {
    const auto n = static_cast<instrument_number>(i);
    if (data_.is_recorded(n)) continue;
    const decimal left_at = engine_.last_price(n);
    generator_.add(n, left_at.is_zero() ? first_prices_[i] : left_at, now());
  }
}

void simulated_venue::add_venue(const venue_habits& habits, venue_listener& listener) {
  if (default_venue_.empty()) default_venue_ = habits.name;
  venues_.push_back({habits, &listener});
}

const venue_habits* simulated_venue::find_habits(std::string_view name) const {
  for (const auto& v : venues_)
    if (v.habits.name == name) return &v.habits;
  return nullptr;
}

result<const api_account*> simulated_venue::open_account(const account_request& wanted) {
  const bool known = find_habits(wanted.venue.empty() ? default_venue_ : wanted.venue) != nullptr;
  if (!known) return fail(errc::not_found, "no venue of that name is running");
  auto opened = restore_account(wanted);
  if (!opened) return std::unexpected(opened.error());
  for (const auto& [asset, amount] : wanted.balances) engine_.credit((*opened)->number, engine_.intern_asset(asset), amount);
  return *opened;
}

result<api_account*> simulated_venue::restore_account(const account_request& wanted) {
  account_request request = wanted;
  if (request.venue.empty()) request.venue = default_venue_;
  auto owner = std::ranges::find(venues_, request.venue, [](const venue_entry& v) -> const std::string& { return v.habits.name; });
  const bool running = owner != venues_.end();
  const auto next = static_cast<account_number>(engine_.account_count());
  auto added = accounts_.add(next, request, running ? owner->habits.credentials : credential_form{}, now(), random_);
  if (!added) return added;
  engine_.open_account(running ? owner->habits.rules : account_rules{});
  owner_listeners_.push_back(running ? owner->listener : nullptr);
  count_change();
  return added;
}

void simulated_venue::credit(account_number n, std::string_view asset, decimal amount) {
  engine_.credit(n, engine_.intern_asset(asset), amount);
  count_change();
}

std::optional<refusal> simulated_venue::check(const order_ticket& t) const {
  if (faults_.in_maintenance()) return refusal::market_closed;
  return engine_.check(t);
}

std::expected<placement, refusal> simulated_venue::place(const order_ticket& t) {
  follow_maintenance();
  auto placed = engine_.place(t, now());
  publish_tops();
  return placed;
}

const paper_order* simulated_venue::cancel(account_number n, order_number number) {
  const auto* o = engine_.cancel(n, number, now());
  publish_tops();
  return o;
}

const paper_order& simulated_venue::reject(const order_ticket& t, refusal why) { return engine_.reject(t, why, now()); }

void simulated_venue::later(milliseconds delay, std::function<void()> work) {
  if (later_.size() >= later_limit) return;
  const auto at = clock_.now() + delay;
  const bool earlier = later_.empty() || at < later_.begin()->first;
  later_.emplace(at, std::move(work));
  if (earlier && wake_) wake_();
}

std::optional<steady_time> simulated_venue::next_due() const {
  return later_.empty() ? std::nullopt : std::optional(later_.begin()->first);
}

void simulated_venue::run_due() {
  const auto now = clock_.now();
  std::vector<std::function<void()>> due;
  while (!later_.empty() && later_.begin()->first <= now) {
    due.push_back(std::move(later_.begin()->second));
    later_.erase(later_.begin());
  }
  for (auto& work : due) work();
}

void simulated_venue::step_generator() {
  if (paused_ || faults_.in_maintenance()) return;
  for (std::size_t i = 0; i < engine_.instrument_count(); ++i) generator_.step(static_cast<instrument_number>(i), now());
  publish_tops();
}

bool simulated_venue::set_price(instrument_number n, decimal price) {
  if (!generator_.drives(n)) return false;
  generator_.set_mid(n, price, now());
  publish_tops();
  return true;
}

void simulated_venue::publish_depth() {
  for (std::size_t i = 0; i < engine_.instrument_count(); ++i) {
    const auto n = static_cast<instrument_number>(i);
    if (auto diff = data_.take_diff(n)) publish_diff(n, *diff);
  }
}

void simulated_venue::publish_diff(instrument_number n, const depth_diff& diff) {
  depth_published_[to_index(n)] = true;
  for (auto& v : venues_) {
    if (faults_.strike_book(v.habits.name, random_))
      v.listener->on_depth_lost(n, diff);
    else
      v.listener->on_depth(n, diff);
  }
}

void simulated_venue::publish_second() {
  stir_quiet_markets();
  for (auto& v : venues_) v.listener->on_second();
}

void simulated_venue::stir_quiet_markets() {
  for (std::size_t i = 0; i < depth_published_.size(); ++i) {
    if (!depth_published_[i] && !faults_.in_maintenance()) generator_.stir(static_cast<instrument_number>(i), now());
    depth_published_[i] = false;
  }
  publish_tops();
}

void simulated_venue::publish_tops() {
  for (std::size_t i = 0; i < book_changed_.size(); ++i) {
    if (!book_changed_[i]) continue;
    book_changed_[i] = false;
    const auto n = static_cast<instrument_number>(i);
    auto top = data_.top(n);
    if (!top || data_.is_recorded(n)) continue;
    auto& last = published_tops_[i];
    const bool same = top->bid.price == last.bid.price && top->bid.quantity == last.bid.quantity &&
                      top->ask.price == last.ask.price && top->ask.quantity == last.ask.quantity;
    if (same) continue;
    last = *top;
    for (auto& v : venues_) v.listener->on_top(n, *top);
  }
}

void simulated_venue::on_order(const paper_order& o, order_change change, const execution* e) {
  count_change();
  if (auto* l = listener_of(o.account)) l->on_order(o, change, e);
}

void simulated_venue::on_balances(account_number n, instrument_number i) {
  count_change();
  if (auto* l = listener_of(n)) l->on_balances(n, i);
}

void simulated_venue::on_trade(instrument_number n, const market_trade& t) {
  if (data_.is_recorded(n)) return;
  data_.add_trade(n, t);
  for (auto& v : venues_) v.listener->on_trade(n, t);
}

void simulated_venue::on_level(instrument_number n, side s, decimal price, decimal quantity) {
  data_.on_level(n, s, price, quantity);
  book_changed_[to_index(n)] = true;
}

void simulated_venue::on_recorded_depth(instrument_number n, const depth_diff& diff) {
  publish_diff(n, diff);
}

void simulated_venue::on_recorded_top(instrument_number n, const top_of_book& top) {
  for (auto& v : venues_) v.listener->on_top(n, top);
}

void simulated_venue::on_recorded_trade(instrument_number n, const market_trade& t) {
  for (auto& v : venues_) v.listener->on_trade(n, t);
}

}  // namespace drover::exchanges::paper
