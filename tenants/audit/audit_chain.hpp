#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace drover::tenants {

/// A row of the audit trail and its place in the chain of hashes.
struct audit_record {
  /// From 1, without gaps, in the order of the commits.
  std::int64_t seq = 0;
  std::int64_t id = 0;
  wall_time at;
  /// Invalid id: the operator at the command line, or the engine itself.
  user_id actor;
  std::string action, object, detail;
};

/// The hash before the first row: 32 zero bytes.
std::string chain_start();
/// SHA-256 (32 bytes) over the hash before and the row, as migration 0013_audit_chain.sql defines it.
std::string chain_hash(std::string_view before, const audit_record&);

}  // namespace drover::tenants
