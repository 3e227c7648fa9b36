#include "exchanges/paper/order_lookup.hpp"

#include <algorithm>

namespace drover::exchanges::paper {

namespace {

/// Orders made after this are not seen.
wall_time horizon_of(const simulated_venue& v, const api_account& a) {
  const auto* habits = v.find_habits(a.venue);
  const milliseconds usual = habits == nullptr ? milliseconds(0) : habits->visibility_delay;
  return v.now() - (usual + v.faults().visibility_delay(a.venue));
}

bool sees(const simulated_venue& v, const api_account& a, const paper_order& o) { return o.created_at <= horizon_of(v, a); }

template <class Numbers>
std::vector<const paper_order*> choose(const simulated_venue& v, const api_account& a, const Numbers& numbers,
                                       std::optional<instrument_number> only) {
  const auto horizon = horizon_of(v, a);
  std::vector<const paper_order*> out;
  for (const auto number : numbers) {
    const auto* o = v.engine().find_order(number);
    if (o->created_at <= horizon && (!only || o->instrument == *only)) out.push_back(o);
  }
  return out;
}

}  // namespace

const paper_order* find_visible_order(const simulated_venue& v, const api_account& a, order_number number) {
  const auto* o = v.engine().find_order(number);
  return o != nullptr && o->account == a.number && sees(v, a, *o) ? o : nullptr;
}

const paper_order* find_visible_order(const simulated_venue& v, const api_account& a, std::string_view client_id) {
  const auto* o = v.engine().find_order(a.number, client_id);
  return o != nullptr && sees(v, a, *o) ? o : nullptr;
}

std::vector<const paper_order*> list_open_orders(const simulated_venue& v, const api_account& a, std::optional<instrument_number> only) {
  return choose(v, a, v.engine().account(a.number).open_orders, only);
}

std::vector<const paper_order*> list_orders(const simulated_venue& v, const api_account& a, std::optional<instrument_number> only) {
  return choose(v, a, v.engine().account(a.number).orders, only);
}

std::vector<const execution*> list_fills(const simulated_venue& v, const api_account& a, std::optional<instrument_number> only) {
  std::vector<const execution*> out;
  for (const auto& f : v.engine().account(a.number).fills)
    if (!only || f.instrument == *only) out.push_back(&f);
  return out;
}

std::pair<decimal, decimal> get_holding(const simulated_venue& v, const api_account& a, std::string_view asset) {
  for (const auto& h : v.engine().account(a.number).balances.holdings())
    if (v.engine().asset_name(h.asset) == asset) return {h.free, h.locked};
  return {};
}

}  // namespace drover::exchanges::paper
