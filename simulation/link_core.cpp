#include <algorithm>

#include "simulation/link_transit_detail.hpp"

namespace drover::simulation {
namespace {

using exchanges::exchange_errc;

constexpr std::uint64_t usual_way_ns = 150'000'000, slow_way_ns = 15'000'000'000;
constexpr std::uint64_t offset_error_ms = 300;
constexpr nanoseconds clock_interval = std::chrono::minutes(5);
/// A venue says "too frequent" to one account, or to everybody on our address.
constexpr std::string_view banned_word = "address banned";

nanoseconds draw_below(world& sim, std::uint64_t ns) {
  return nanoseconds(static_cast<std::int64_t>(1 + sim.random().below(ns)));
}

}  // namespace

link_core::link_core(link_parts p) : parts(std::move(p)), ledger(parts.sim.get_executor(), parts.timers, parts.rules) {}

void link_core::measure_clock() {
  const auto error = static_cast<std::int64_t>(parts.sim.random().below(2 * offset_error_ms + 1)) -
                     static_cast<std::int64_t>(offset_error_ms);
  server_zero_ = parts.sim.wall_now() - parts.sim.now().since_start + milliseconds(error);
}

void link_core::keep_measuring_clock() {
  measure_clock();
  parts.sim.call_after(clock_interval, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && !self->parts.life->cut) self->keep_measuring_clock();
  });
}

nanoseconds link_core::draw_way() {
  return draw_below(parts.sim, usual_way_ns);
}

task<result<exchanges::rate_grant>> link_core::leave(request_facts facts) {
  auto self = shared_from_this();
  const std::array<exchanges::rate_charge, 2> charges{{{requests_rule, 1}, {orders_rule, 1}}};
  const std::span<const exchanges::rate_charge> used(charges.data(), facts.places ? 2 : 1);
  const auto deadline = parts.sim.now() + request_timeout;
  auto grant = co_await ledger.acquire(facts.lane, used, facts.account, {}, deadline);
  if (!grant || parts.life->cut) co_return grant;
  parts.judge.request_sent(parts.life->engine, parts.venue.name());
  bool fits = sent_.note(parts.sim.now(), parts.rules[requests_rule], {});
  if (facts.places) fits = sent_.note(parts.sim.now(), parts.rules[orders_rule], facts.account) && fits;
  if (!fits) parts.judge.fail("more requests left for " + parts.venue.name() + " than its limits allow");
  co_return grant;
}

link_core::fate link_core::draw_fate(const request_facts& facts) {
  auto& random = parts.sim.random();
  const auto& faults = parts.faults;
  fate f;
  const auto way = [&](fault slow) {
    return draw_below(parts.sim, faults.strikes(slow, random) ? slow_way_ns : usual_way_ns);
  };
  f.there = way(fault::request_slow);
  f.back = way(fault::answer_slow);
  f.refused = faults.strikes(fault::connection_refused, random);
  f.lost = faults.strikes(fault::request_lost, random);
  f.reset = faults.strikes(fault::connection_reset, random);
  f.fails_before = faults.strikes(fault::server_error_not_placed, random);
  f.fails_after = faults.strikes(fault::server_error_placed, random);
  f.answer_lost = faults.strikes(fault::answer_lost, random) || (parts.venue.is_unwell() && random.below(4) != 0);
  const auto bound = static_cast<std::uint64_t>(nanoseconds(parts.venue.kind().processing_bound).count());
  if (facts.places && faults.strikes(fault::execution_delayed, random)) f.inside = draw_below(parts.sim, bound);
  return f;
}

/// What the venue says to a request before it looks into it.
result<void> link_core::pass_gate() {
  auto& random = parts.sim.random();
  if (parts.venue.in_maintenance()) return fail(exchange_errc::maintenance, "in maintenance");
  const bool address = parts.faults.strikes(fault::banned, random);
  if (!address && !parts.faults.strikes(fault::rate_limited, random)) return {};
  error limited(exchange_errc::rate_limited, address ? std::string(banned_word) : "too frequent");
  limited.retry_after = seconds(static_cast<std::int64_t>(1 + random.below(address ? 120 : 10)));
  return std::unexpected(limited);
}

void link_core::hear_limits(const request_facts& facts, const exchanges::rate_grant& grant, const error& why) {
  if (why.code == make_error_code(exchange_errc::clock_skew)) measure_clock();
  if (why.code != make_error_code(exchange_errc::rate_limited) || !why.retry_after) return;
  exchanges::limit_report report;
  const bool address = why.detail == banned_word;
  (address ? report.address_ban : report.account_ban) = *why.retry_after;
  ledger.apply(report, grant, facts.account);
  if (address && !parts.life->cut) parts.judge.ban_heard(parts.life->engine, parts.venue.name(), *why.retry_after);
}

}  // namespace drover::simulation
