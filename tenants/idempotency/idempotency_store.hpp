#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/postgres.hpp"
#include "base/task.hpp"

namespace drover::tenants {

/// Whose key, for what. Keys of one route say nothing about another.
struct idempotency_place {
  user_id user;
  /// "POST /api/bots": method and pattern.
  std::string route;
  /// 1 to 64 characters, the caller's.
  std::string key;
  friend auto operator<=>(const idempotency_place&, const idempotency_place&) = default;
};

/// What a request was answered.
struct kept_answer {
  int status = 200;
  /// JSON: an array of pairs.
  std::string headers = "[]";
  /// Nothing: not kept.
  std::optional<std::string> body{};
  friend bool operator==(const kept_answer&, const kept_answer&) = default;
};

struct idempotency_claim {
  enum class state {
    /// The caller is the first: it carries the request out, then calls finish() or release().
    claimed,
    /// It was carried out: `answer`.
    finished,
    /// It was begun and never finished: it runs, or the engine ended meanwhile.
    unfinished,
    /// The key belongs to another request.
    other_request,
    /// The user has as many keys as may be kept.
    full,
  };
  state what = state::claimed;
  std::optional<kept_answer> answer{};
};

/// Keys by which users mark requests that must not be carried out twice, with what came of them. In PostgreSQL or in
/// memory; one contract suite covers both. Any thread. Errors are tenant_errc::unavailable and overloaded.
class idempotency_store {
public:
  virtual ~idempotency_store() = default;
  /// Durable when it answers: whoever claims the same place afterwards hears of it. A place older than `retention` is
  /// as one that is not there. `request_hash`: SHA-256 in hex.
  virtual task<result<idempotency_claim>> claim(idempotency_place, std::string request_hash) = 0;
  virtual task<result<void>> finish(idempotency_place, kept_answer) = 0;
  /// Nothing was carried out: the key is free again.
  virtual task<result<void>> release(idempotency_place) = 0;
  /// Removes what is older than `retention`, at most prune_batch at once; answers how many.
  virtual task<result<std::int64_t>> prune() = 0;

  static constexpr nanoseconds retention = std::chrono::hours(24);
  /// Within retention.
  static constexpr std::int64_t keys_per_user = 5'000;
  static constexpr int prune_batch = 10'000;
};

std::unique_ptr<idempotency_store> make_postgres_idempotency_store(database&);
std::unique_ptr<idempotency_store> make_memory_idempotency_store(const clock&);

}  // namespace drover::tenants
