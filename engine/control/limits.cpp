// Risk limits that somebody sets while the engine runs.
#include "engine/control/trading_control.hpp"
#include "tenants/errors.hpp"

namespace drover::engine {
namespace {

using tenants::tenant_errc;

result<void> check_values(const limit_overrides& v) {
  const auto negative = [](std::string_view name, bool is_negative) -> result<void> {
    if (is_negative) return fail(tenant_errc::invalid, std::string(name) + ": must not be negative; 0 is no limit");
    return {};
  };
  for (const auto& [name, value] : {std::pair("max_order_notional", v.max_order_notional), std::pair("max_position_notional", v.max_position_notional),
                                    std::pair("max_daily_loss", v.max_daily_loss), std::pair("price_collar", v.price_collar)})
    if (auto done = negative(name, value && value->is_negative()); !done) return done;
  if (auto done = negative("max_open_orders", v.max_open_orders && *v.max_open_orders < 0); !done) return done;
  if (auto done = negative("max_orders_per_minute", v.max_orders_per_minute && *v.max_orders_per_minute < 0); !done) return done;
  if (v.price_collar && *v.price_collar > decimal(1)) return fail(tenant_errc::invalid, "price_collar: is a share, at most 1");
  return {};
}

}  // namespace

limits_view trading_control::view_of(account_id account) const {
  const auto& book = parts_.risk;
  return {account, book.limits_of(account), book.allowed_to(account), book.overrides_of(account, false), book.overrides_of(account, true),
          book.today(account)};
}

task<result<void>> trading_control::check_limits_caller(control_caller who, account_id account) {
  if (!account.valid()) {
    if (who.is_admin) co_return result<void>();
    co_return fail(control_errc::admins_only, "Only administrators see and set the limits of the whole engine.");
  }
  auto owner = co_await find_owner({halt_scope::kind::account, account.value});
  if (!owner) co_return std::unexpected(owner.error());
  if (!who.is_admin && *owner != who.user) co_return fail(tenant_errc::not_found);
  co_return result<void>();
}

task<result<limits_view>> trading_control::limits(control_caller who, account_id account) {
  auto allowed = co_await check_limits_caller(who, account);
  if (!allowed) co_return std::unexpected(allowed.error());
  co_return view_of(account);
}

task<result<limits_view>> trading_control::set_limits(control_caller who, account_id account, limit_overrides wanted) {
  auto allowed = co_await check_limits_caller(who, account);
  if (!allowed) co_return std::unexpected(allowed.error());
  if (auto good = check_values(wanted); !good) co_return std::unexpected(good.error());
  const bool by_owner = !who.is_admin;
  if (by_owner)
    if (auto looser = find_looser(wanted, parts_.risk.allowed_to(account)))
      co_return fail(control_errc::too_loose, looser->first + ": must not be looser than the administrator's " + looser->second);
  limits_row row{account, by_owner, std::move(wanted)};
  // A looser limit must not act before it is stored, a tighter one may: the row first, for both.
  auto copy = row;
  auto stored = co_await parts_.store.set_limits(std::move(copy), who.user);
  if (!stored) co_return std::unexpected(stored.error());
  parts_.risk.set(std::move(row));
  co_return view_of(account);
}

task<result<limits_view>> trading_control::clear_loss(control_caller who, account_id account) {
  if (!who.is_admin) co_return fail(control_errc::admins_only, "Only administrators clear a daily loss.");
  auto allowed = co_await check_limits_caller(who, account);
  if (!allowed) co_return std::unexpected(allowed.error());
  auto stored = co_await parts_.store.clear_loss(account, who.user, parts_.wall.wall_now());
  if (!stored) co_return std::unexpected(stored.error());
  parts_.risk.clear_loss(account);
  co_return view_of(account);
}

}  // namespace drover::engine
