#pragma once

#include <cstddef>
#include <functional>
#include <set>

#include "base/task.hpp"
#include "tenants/idempotency/idempotency_store.hpp"
#include "web/router.hpp"

namespace drover::web {

/// Carries out a request that came with an Idempotency-Key once, however often it comes (SEC-47): the same again is
/// answered as the first was, with `Idempotent-Replayed: true`. A request is claimed in the store before it is begun;
/// one whose answer is not on record, because the engine or the database ended in between, is never begun again, and
/// its repetition is told so. Web thread.
class idempotent_calls {
public:
  static constexpr std::size_t key_limit = 64;
  /// Longer answers are not kept.
  static constexpr std::size_t answer_limit_bytes = 64 * 1024;
  using carry_out = std::function<task<net::http_response>()>;

  /// Null: keys are ignored.
  explicit idempotent_calls(tenants::idempotency_store* store) : store_(store) {}

  /// Whether the route and the request want it.
  bool wants(const request&, const route&) const;
  /// After everything that may refuse the request unseen.
  task<net::http_response> run(const request&, const route&, carry_out);

private:
  class flight;
  task<void> keep(tenants::idempotency_place, const route&, const net::http_response&);

  tenants::idempotency_store* store_;
  std::set<tenants::idempotency_place> in_flight_;
};

}  // namespace drover::web
