#include "tenants/earnings/ledger.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

namespace drover::tenants {
namespace {

/// One trade on its way into the books.
class booking {
public:
  booking(const position& before, const trade& t)
      : trade_(t), effect_{.after = before, .realised = {}, .postings = {}} {}

  trade_effect run() {
    if (trade_.is_buy)
      book_buy();
    else
      book_sell();
    book_fee();
    drop_cost_without_quantity();
    effect_.after.realised_profit += effect_.realised;
    if (!is_balanced(effect_.postings)) throw std::logic_error("the postings of a trade do not balance");
    return std::move(effect_);
  }

private:
  void post(const char* pocket, const std::string& asset, decimal amount) {
    if (!amount.is_zero()) effect_.postings.push_back({.pocket = pocket, .asset = asset, .amount = amount});
  }
  void realise(decimal profit) {
    effect_.realised += profit;
    post("earnings", trade_.quote_asset, -profit);
  }

  void book_buy() {
    auto notional = trade_.price * trade_.quantity;
    post("holdings", trade_.base_asset, trade_.quantity);
    post("venue", trade_.base_asset, -trade_.quantity);
    post("holdings", trade_.quote_asset, -notional);
    post("inventory", trade_.quote_asset, notional);
    effect_.after.quantity += trade_.quantity;
    effect_.after.cost += notional;
  }

  void book_sell() {
    auto notional = trade_.price * trade_.quantity;
    auto matched = std::min(trade_.quantity, effect_.after.quantity);
    auto matched_notional = matched == trade_.quantity ? notional : trade_.price * matched;
    auto cost = cost_of(matched);
    post("holdings", trade_.base_asset, -trade_.quantity);
    post("venue", trade_.base_asset, trade_.quantity);
    post("holdings", trade_.quote_asset, notional);
    post("inventory", trade_.quote_asset, -cost);
    post("venue", trade_.quote_asset, matched_notional - notional);
    realise(matched_notional - cost);
    effect_.after.quantity -= matched;
    effect_.after.cost -= cost;
  }

  /// All of the cost goes with all of the quantity, so that rounding leaves nothing behind.
  decimal cost_of(decimal quantity) const {
    const auto& held = effect_.after;
    if (quantity == held.quantity) return held.cost;
    return held.cost * (quantity / held.quantity);
  }

  void book_fee() {
    if (trade_.fee.is_zero()) return;
    post("holdings", trade_.fee_asset, -trade_.fee);
    if (trade_.fee_asset == trade_.quote_asset) {
      realise(-trade_.fee);
      return;
    }
    post("fees", trade_.fee_asset, trade_.fee);
    if (trade_.fee_asset == trade_.base_asset)
      effect_.after.quantity = std::max(effect_.after.quantity - trade_.fee, decimal());
  }

  void drop_cost_without_quantity() {
    auto& after = effect_.after;
    if (!after.quantity.is_zero() || after.cost.is_zero()) return;
    post("inventory", trade_.quote_asset, -after.cost);
    realise(-after.cost);
    after.cost = {};
  }

  const trade& trade_;
  trade_effect effect_;
};

void check(const position& before, const trade& t) {
  if (!t.quantity.is_positive()) throw std::invalid_argument("a trade has a positive quantity");
  if (t.price.is_negative()) throw std::invalid_argument("a trade has no negative price");
  if (t.base_asset.empty() || t.quote_asset.empty() || t.base_asset == t.quote_asset)
    throw std::invalid_argument("a trade has two different assets");
  if (!t.fee.is_zero() && t.fee_asset.empty()) throw std::invalid_argument("a fee has an asset");
  if (before.quantity.is_negative() || before.cost.is_negative())
    throw std::invalid_argument("a position has no negative quantity or cost");
}

}  // namespace

trade_effect apply_trade(const position& before, const trade& t) {
  check(before, t);
  return booking(before, t).run();
}

bool is_balanced(const std::vector<posting>& postings) {
  std::map<std::string_view, decimal> sums;
  for (const auto& p : postings) sums[p.asset] += p.amount;
  return std::ranges::all_of(sums, [](const auto& entry) { return entry.second.is_zero(); });
}

}  // namespace drover::tenants
