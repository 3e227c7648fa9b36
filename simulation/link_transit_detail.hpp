#pragma once

#include <array>

#include "simulation/venue_link.hpp"

namespace drover::simulation {

/// Indexes of a venue's rules.
inline constexpr std::size_t requests_rule = 0, orders_rule = 1;
inline constexpr nanoseconds request_timeout = std::chrono::seconds(10);

/// What becomes of one request, drawn when it leaves.
struct link_core::fate {
  nanoseconds there{}, inside{}, back{};
  bool refused = false, lost = false, fails_before = false, fails_after = false, answer_lost = false, reset = false;
};

template <class T>
task<result<T>> link_core::ask(request_facts facts, std::function<result<void>()> arrive,
                               std::function<result<T>()> act) {
  auto self = shared_from_this();
  auto answer = std::make_shared<reply<result<T>>>();
  const auto granted_at = parts.sim.now();
  auto& sim = parts.sim;
  // A cut engine ends in peace: it hears that nothing works.
  if (parts.life->cut) co_return fail(exchanges::exchange_errc::not_sent, "the engine was killed");
  const auto f = draw_fate(facts);
  auto respond = [self, answer](nanoseconds later, result<T> value) {
    self->parts.sim.call_after(
        later, [self, answer, value = std::move(value)]() mutable { answer->deliver(std::move(value)); });
  };
  const error unclear(exchanges::exchange_errc::unknown_outcome, "the answer did not come or cannot be read");
  respond(request_timeout, std::unexpected(unclear));
  if (f.refused) respond(f.back, fail(exchanges::exchange_errc::not_sent, "connection refused"));
  if (f.reset) respond(f.there, std::unexpected(unclear));
  auto serve = [self, f, act, respond, unclear] {
    auto value = act();
    if (f.answer_lost) return;
    if (f.fails_after) return respond(f.back, std::unexpected(unclear));
    respond(f.back, std::move(value));
  };
  if (!f.refused && !f.lost)
    sim.call_after(f.there, [self, f, arrive, serve, respond, unclear] {
      auto open = self->pass_gate();
      if (open && arrive) open = arrive();
      if (!open) return f.answer_lost ? void() : respond(f.back, std::unexpected(open.error()));
      if (f.fails_before) return f.answer_lost ? void() : respond(f.back, std::unexpected(unclear));
      if (f.inside > nanoseconds::zero())
        self->parts.sim.call_after(f.inside, serve);
      else
        serve();
    });
  auto value = co_await reply<result<T>>::wait(answer);
  hear(".rest", facts.account);
  if (!value) hear_limits(facts, {.source = 0, .granted_at = granted_at}, value.error());
  co_return value;
}

}  // namespace drover::simulation
