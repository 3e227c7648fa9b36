#include "app/credential_probe.hpp"

#include <algorithm>

#include "base/run_on.hpp"

namespace drover::app {
namespace {

using exchanges::exchange_errc;
using exchanges::tristate;
using tenants::probe_outcome;

probe_outcome refused(std::string reason) { return {.accepted = false, .reason = std::move(reason)}; }

std::optional<bool> flag_of(tristate t) {
  if (t == tristate::unknown) return std::nullopt;
  return t == tristate::yes;
}

/// The operator took it out of the configuration since the account was connected.
task<probe_outcome> refuse_unknown(std::string venue) {
  co_return probe_outcome{.reason = venue + " is not configured in this engine", .unavailable = true};
}

/// Runs on the trading thread; owns the credentials until the venue has answered.
task<probe_outcome> run_probe(exchanges::exchange* venue, exchanges::credentials keys, bool allow_unknown, const clock* wall) {
  auto shared = std::make_shared<exchanges::credentials>(std::move(keys));
  exchanges::credential_source source = [shared]() -> result<exchanges::credentials> { return shared->clone(); };
  auto account = venue->open_account(source, "probe");
  auto answer = co_await account->fetch_permissions();
  auto outcome = answer ? judge_permissions(*answer, allow_unknown) : judge_failure(answer.error(), venue->name());
  if (outcome.unavailable) co_return outcome;
  const auto said = answer ? *answer : exchanges::permissions{};
  outcome.seen = {.at = wall->wall_now(),
                  .passed = outcome.accepted,
                  .reason = outcome.reason,
                  .may_read = flag_of(said.read),
                  .may_trade = flag_of(said.trade),
                  .may_withdraw = flag_of(said.withdraw),
                  .address_bound = flag_of(said.address_bound),
                  .clock_offset = venue->clock_offset()};
  co_return outcome;
}

}  // namespace

probe_outcome judge_permissions(const exchanges::permissions& p, bool allow_unknown) {
  if (p.withdraw == tristate::yes)
    return refused("this key can withdraw funds; make a key with withdrawals off and connect that one");
  if (p.read == tristate::no) return refused("this key may not read the account; turn reading on at the exchange");
  if (p.trade == tristate::no) return refused("this key may not trade; turn spot trading on at the exchange");
  if ((p.withdraw == tristate::unknown || p.trade == tristate::unknown) && !allow_unknown)
    return refused("the exchange does not say what this key may do, so it cannot be accepted");
  return {.accepted = true};
}

probe_outcome judge_failure(const error& e, const std::string& exchange_name) {
  const auto said = e.detail.empty() ? std::string() : " (" + exchange_name + " said: " + e.detail + ")";
  if (e.code == exchange_errc::bad_credentials)
    return refused("the exchange does not accept this key and secret; check for missing characters" + said);
  if (e.code == exchange_errc::permission_missing) return refused("the key lacks a permission" + said);
  if (e.code == exchange_errc::ip_not_allowed)
    return refused("the key is bound to other addresses; add this server's address at the exchange" + said);
  if (e.code == exchange_errc::clock_skew)
    return {.reason = "our clock and the exchange's differ too much; try again in a minute" + said, .unavailable = true};
  if (e.code == exchange_errc::rate_limited || e.code == exchange_errc::maintenance ||
      e.code == exchange_errc::not_sent || e.code == exchange_errc::unknown_outcome || e.code == exchange_errc::protocol)
    return {.reason = exchange_name + " cannot be reached now; try again in a minute", .unavailable = true};
  return refused("the exchange refused the key" + said);
}

tenants::credential_probe make_credential_probe(executor trading, const exchange_map& venues,
                                                const std::vector<exchanges::exchange_config>& configs, const clock& wall) {
  return [trading, &venues, &configs, &wall](std::string name, secret key, secret api_secret,
                                      secret passphrase) -> task<probe_outcome> {
    const auto venue = venues.find(name);
    if (venue == venues.end()) return refuse_unknown(std::move(name));
    const auto config = std::find_if(configs.begin(), configs.end(), [&](const auto& c) { return c.name == name; });
    const bool allow_unknown = config != configs.end() && config->allow_unknown_permissions;
    exchanges::credentials keys{std::move(key), std::move(api_secret), std::move(passphrase)};
    return run_on(trading, run_probe(venue->second.get(), std::move(keys), allow_unknown, &wall));
  };
}

}  // namespace drover::app
