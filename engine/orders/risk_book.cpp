#include "engine/orders/risk_book.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace drover::engine {
namespace {

const logger& log() {
  static const logger instance("risk");
  return instance;
}

constexpr nanoseconds length_of_day = std::chrono::hours(24);
constexpr std::string_view of_engine_prefix = "engine's ";

/// Zero is no limit, hence the loosest.
template <class Number>
Number tighter(Number a, Number b) {
  if (a == Number()) return b;
  return b == Number() ? a : std::min(a, b);
}
template <class Number>
bool is_looser(const Number& wanted, const Number& allowed) {
  return allowed != Number() && (wanted == Number() || wanted > allowed);
}

std::string text_of(const decimal& d) { return d.to_string(); }
std::string text_of(int i) { return std::to_string(i); }

/// Each limit of both, with its name.
template <class A, class B, class F>
void for_each_limit(A& a, B& b, F f) {
  f("max_order_notional", a.max_order_notional, b.max_order_notional);
  f("max_open_orders", a.max_open_orders, b.max_open_orders);
  f("max_position_notional", a.max_position_notional, b.max_position_notional);
  f("max_daily_loss", a.max_daily_loss, b.max_daily_loss);
  f("price_collar", a.price_collar, b.price_collar);
  f("max_orders_per_minute", a.max_orders_per_minute, b.max_orders_per_minute);
}

result<void> name_engine(result<void> done) {
  if (!done && done.error().code == make_error_code(risk_errc::limit)) done.error().detail.insert(0, of_engine_prefix);
  return done;
}

}  // namespace

wall_time utc_midnight(wall_time now) {
  auto into_day = now.since_epoch % length_of_day;
  if (into_day < nanoseconds::zero()) into_day += length_of_day;
  return now - into_day;
}

risk_limits apply(const risk_limits& base, const limit_overrides& set) {
  risk_limits out = base;
  for_each_limit(out, set, [](std::string_view, auto& value, const auto& wanted) {
    if (wanted) value = *wanted;
  });
  return out;
}

risk_limits tightest(const risk_limits& a, const risk_limits& b) {
  risk_limits out = a;
  for_each_limit(out, b, [](std::string_view, auto& value, const auto& other) { value = tighter(value, other); });
  return out;
}

std::optional<std::pair<std::string, std::string>> find_looser(const limit_overrides& wanted, const risk_limits& allowed) {
  std::optional<std::pair<std::string, std::string>> found;
  for_each_limit(wanted, allowed, [&found](std::string_view name, const auto& value, const auto& bound) {
    if (!found && value && is_looser(*value, bound)) found.emplace(name, text_of(bound));
  });
  return found;
}

risk_book::risk_book(risk_limits of_account, risk_limits of_engine, entry_gate& gate, std::function<void()> on_halt)
    : of_account_(of_account), of_engine_(of_engine), gate_(gate), on_halt_(std::move(on_halt)) {}

limit_overrides& risk_book::counted::overrides_by(bool owner) {
  if (!set) set = std::make_unique<overrides>();
  return owner ? set->by_owner : set->by_admin;
}

decimal risk_book::value_at(const amounts& values, const std::string& asset) {
  const auto at = values.find(asset);
  return at == values.end() ? decimal() : at->second;
}

const risk_book::counted* risk_book::find(account_id id) const {
  if (!id.valid()) return &engine_;
  const auto at = accounts_.find(id);
  return at == accounts_.end() ? nullptr : &at->second;
}

risk_limits risk_book::allowed_to(account_id id) const {
  return apply(id.valid() ? of_account_ : of_engine_, overrides_of(id, false));
}

risk_limits risk_book::limits_of(account_id id) const {
  const auto allowed = allowed_to(id);
  return tightest(allowed, apply(allowed, overrides_of(id, true)));
}

limit_overrides risk_book::overrides_of(account_id id, bool by_owner) const {
  const auto* c = find(id);
  if (c == nullptr || !c->set) return {};
  return by_owner ? c->set->by_owner : c->set->by_admin;
}

std::unique_ptr<risk_book::seat> risk_book::take_seat(account_id account, std::string quote_asset) {
  return std::unique_ptr<seat>(new seat(*this, account, std::move(quote_asset)));
}

risk_book::seat::~seat() { update(0, decimal()); }

void risk_book::seat::update(int open_orders, decimal position_notional) {
  const int more = open_orders - std::exchange(open_orders_, open_orders);
  const auto grown = position_notional - std::exchange(position_notional_, position_notional);
  for (auto* c : {&book_.of(account_), &book_.engine_}) {
    c->open_orders += more;
    if (!grown.is_zero()) c->positions[asset_] += grown;
  }
}

result<void> risk_book::seat::admit(const exchanges::order_request& order, const exchanges::instrument& i, risk_state own,
                                    steady_time now) {
  auto& a = book_.of(account_);
  auto& e = book_.engine_;
  const auto limits = book_.limits_of(account_), whole = book_.limits_of(account_id{});
  auto widened = [&](const counted& c) {
    auto state = own;
    state.open_orders += c.open_orders - open_orders_;
    state.other_position_notional = value_at(c.positions, asset_) - position_notional_;
    return state;
  };
  if (auto done = check_order(order, i, limits, widened(a)); !done) return done;
  if (auto done = name_engine(check_order(order, i, whole, widened(e))); !done) return done;
  const auto refuse = [](int limit) {
    return broken_limit("max_orders_per_minute", std::to_string(limit + 1), std::to_string(limit));
  };
  if (!a.rate.has_room(limits.max_orders_per_minute, now)) return refuse(limits.max_orders_per_minute);
  if (!e.rate.has_room(whole.max_orders_per_minute, now)) return name_engine(refuse(whole.max_orders_per_minute));
  a.rate.count(limits.max_orders_per_minute, now);
  e.rate.count(whole.max_orders_per_minute, now);
  return {};
}

void risk_book::seat::add_realised(decimal amount) {
  if (amount.is_zero()) return;
  for (auto id : {account_, account_id{}}) {
    book_.of(id).realised[asset_] += amount;
    book_.judge_loss(id, asset_);
  }
}

void risk_book::load(std::vector<limits_row> set, const std::vector<realised_row>& realised) {
  for (auto& row : set) of(row.account).overrides_by(row.by_owner) = std::move(row.values);
  for (const auto& row : realised) {
    of(row.account).realised[row.asset] = row.realised;
    judge_loss(row.account, row.asset);
  }
}

void risk_book::set_defaults(risk_limits of_account, risk_limits of_engine) {
  of_account_ = of_account;
  of_engine_ = of_engine;
  judge_losses(account_id{});
  std::vector<account_id> all;
  for (const auto& [id, c] : accounts_) all.push_back(id);
  for (const auto id : all) judge_losses(id);
}

void risk_book::set(limits_row row) {
  const auto account = row.account;
  of(account).overrides_by(row.by_owner) = std::move(row.values);
  judge_losses(account);
}

std::string risk_book::key_of(account_id account, const std::string& asset) {
  return "loss:" + std::to_string(account.value) + ":" + asset;
}

void risk_book::judge_losses(account_id account) {
  std::vector<std::string> assets;
  for (const auto& [asset, amount] : of(account).realised) assets.push_back(asset);
  for (const auto& asset : assets) judge_loss(account, asset);
}

void risk_book::judge_loss(account_id account, const std::string& asset) {
  auto& c = of(account);
  const auto bound = limits_of(account).max_daily_loss;
  const auto lost = decimal() - value_at(c.realised, asset);
  const bool broken = bound.is_positive() && lost >= bound;
  if (broken == c.halted.contains(asset)) return;
  if (!broken) {
    c.halted.erase(asset);
    gate_.open(key_of(account, asset));
  } else {
    c.halted.insert(asset);
    const std::string whose = account.valid() ? "" : std::string(of_engine_prefix);
    const std::string reason = whose + "max_daily_loss: " + lost.to_string() + " " + asset + " lost today against a limit of " + bound.to_string() +
                               "; new orders go on at 00:00 UTC, or when an administrator clears it";
    const auto scope = account.valid() ? halt_scope{halt_scope::kind::account, account.value} : halt_scope{};
    gate_.close({key_of(account, asset), halt_verb::halt, scope, reason});
    log().warn("the daily loss has reached its limit: no new orders",
               {{"account", account}, {"asset", asset}, {"lost", lost.to_string()}, {"limit", bound.to_string()}});
  }
  if (on_halt_) on_halt_();
}

void risk_book::release_losses(account_id account) {
  auto& c = of(account);
  c.realised.clear();
  for (const auto& asset : std::exchange(c.halted, {})) gate_.open(key_of(account, asset));
}

void risk_book::clear_loss(account_id account) {
  release_losses(account);
  if (on_halt_) on_halt_();
}

void risk_book::start_day() {
  release_losses(account_id{});
  for (auto& [id, c] : accounts_) release_losses(id);
  if (on_halt_) on_halt_();
}

std::vector<risk_book::day> risk_book::today(account_id account) const {
  std::vector<day> out;
  const auto* c = find(account);
  if (c == nullptr) return out;
  for (const auto& [asset, amount] : c->realised) out.push_back({asset, amount, c->halted.contains(asset)});
  return out;
}

}  // namespace drover::engine
