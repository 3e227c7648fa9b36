#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/files.hpp"
#include "base/log.hpp"
#include "base/offload.hpp"
#include "base/postgres.hpp"
#include "base/timer.hpp"
#include "tenants/audit/audit_head.hpp"

namespace drover::tenants {

struct audit_sealer_parts {
  database& db;
  timer_queue& timers;
  const crypto::keyring& keys;
  file_system& files;
  /// Writes and syncs the head file.
  worker_pool& worker;
  /// audit_heads.log and audit_keys.pem are here.
  std::filesystem::path folder;
};

/// Signs the end of the audit trail at least every `rows_per_head` rows and `interval`, into a file that PostgreSQL
/// does not write, then into audit_heads. Watches that the last row it signed stays what it was. Holds nobody up: the
/// rows themselves are chained in the transactions that write them. One thread.
class audit_sealer {
public:
  static constexpr const char* heads_file = "audit_heads.log";
  static constexpr const char* keys_file = "audit_keys.pem";
  static constexpr std::int64_t rows_per_head = 256;
  static constexpr nanoseconds interval = std::chrono::seconds(60);
  static constexpr nanoseconds poll_interval = std::chrono::seconds(5);

  explicit audit_sealer(audit_sealer_parts parts) : parts_(parts) {}
  /// Until cancelled; failures are logged and tried again.
  task<void> run();
  /// Signs what has no head yet. errc::malformed when the trail does not hold what was signed last (nothing is signed
  /// for it from then on), errc::io of the file, db_errc.
  task<result<void>> sign_now();
  /// What run() does in each poll_interval.
  task<result<void>> sign_when_due();

private:
  struct trail_end {
    std::int64_t seq = 0;
    std::string hash;
  };
  struct trail_view {
    trail_end end;
    /// The hash that the last signed row has now; empty: there is no such row.
    std::string at_signed;
  };
  task<result<trail_end>> read_last_head();
  task<result<trail_view>> look();
  task<result<void>> sign(trail_end);
  task<result<void>> store(signed_head);
  result<void> write_files(const signed_head&);

  audit_sealer_parts parts_;
  std::optional<trail_end> signed_;
  std::optional<steady_time> signed_at_;
  bool file_begun_ = false;
  logger log_{"audit"};
};

}  // namespace drover::tenants
