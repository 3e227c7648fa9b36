#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tenants/audit/audit_chain.hpp"
#include "tenants/audit/audit_head.hpp"

namespace drover::tenants {

/// A link of the chain as it is stored, with the row that it is of; none: that row is gone.
struct chain_link {
  std::int64_t seq = 0;
  std::int64_t event = 0;
  std::string hash;
  std::optional<audit_record> row;
};

/// The version of an account's credentials as two tables have it; destroyed ones count as one more. 0: has none.
struct credential_facts {
  account_id account;
  std::int64_t stored = 0, recorded = 0;
};

/// What is wrong first.
struct trail_fault {
  /// Number of the row; of an event outside of the chain and of an account 0.
  std::int64_t seq = 0;
  std::string what;
};

struct trail_summary {
  std::int64_t rows = 0, heads = 0;
  /// The last row that a head covers, and when it was signed.
  std::int64_t signed_to = 0;
  std::optional<wall_time> signed_at;
};

/// Compares a trail with its own hashes and with signed heads, row by row. No I/O. Call begin() with all heads, then
/// add() for each link in the order of numbers, then end(), then the rest, until one of them answers a fault.
class trail_checker {
public:
  explicit trail_checker(audit_keys keys) : keys_(std::move(keys)) {}

  void add_head(audit_head head) { heads_.push_back(std::move(head)); }
  void begin();
  std::optional<trail_fault> add(const chain_link&);
  /// Heads of rows that are not there any more.
  std::optional<trail_fault> end();
  /// An event that no link is of.
  static trail_fault unchained(std::int64_t event);
  /// Credentials of which the trail knows another version (SEC-08).
  std::optional<trail_fault> add(const credential_facts&) const;

  const trail_summary& summary() const { return summary_; }

private:
  std::optional<trail_fault> check_heads_of(const chain_link&);
  void note_credentials(const audit_record&);

  audit_keys keys_;
  std::vector<audit_head> heads_;
  std::size_t next_head_ = 0;
  std::string before_ = chain_start();
  trail_summary summary_;
  std::map<std::int64_t, std::int64_t> versions_;
};

}  // namespace drover::tenants
