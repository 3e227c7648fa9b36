#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/postgres.hpp"
#include "base/task.hpp"

namespace drover::tenants {

/// A user's authenticator app.
struct second_factor {
  user_id user;
  /// The key of the codes, sealed with the user's data key for this version.
  std::string sealed;
  /// Tells one enrolment from the next.
  std::int64_t version = 0;
  /// Counts from here on.
  bool confirmed = false;
  /// The last step of time whose code was used.
  std::int64_t last_step = 0;
  int recovery_codes_left = 0;
};

/// Second factors in PostgreSQL or in memory; one contract suite covers both. Errors are tenant_errc. In PostgreSQL
/// every change is audited in the same transaction.
class second_factor_store {
public:
  virtual ~second_factor_store() = default;
  virtual task<result<std::optional<second_factor>>> find(user_id) = 0;
  /// Takes the place of one that was never confirmed. invalid: there is a confirmed one.
  virtual task<result<void>> begin(user_id, std::string sealed, std::int64_t version) = 0;
  /// With the hashes of the recovery codes. not_found when this version does not wait for that.
  virtual task<result<void>> confirm(user_id, std::int64_t version, std::int64_t step,
                                     std::vector<std::string> recovery) = 0;
  /// wrong_code when this step or a later one was used already.
  virtual task<result<void>> use_step(user_id, std::int64_t step) = 0;
  /// wrong_code for one that is unknown or was used.
  virtual task<result<void>> use_recovery_code(user_id, std::string hash) = 0;
  /// `actor` invalid = the operator at the command line. not_found.
  virtual task<result<void>> remove(user_id, user_id actor) = 0;
};

inline constexpr const char* already_set_up = "a second factor is set up already; remove it first";

std::unique_ptr<second_factor_store> make_postgres_second_factor_store(database&);
/// Any thread; no audit.
std::unique_ptr<second_factor_store> make_memory_second_factor_store();

}  // namespace drover::tenants
