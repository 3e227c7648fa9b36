#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/postgres.hpp"
#include "tenants/audit/audit_checker.hpp"

namespace drover::tenants {

/// What a trail holds, in this order: keys, heads, links, events without a link, accounts. A false ends the reading.
class trail_visitor {
public:
  virtual ~trail_visitor() = default;
  virtual bool key(const std::string& pem) = 0;
  virtual bool head(audit_head) = 0;
  virtual bool link(const chain_link&) = 0;
  virtual bool unchained(std::int64_t event) = 0;
  virtual bool credentials(const credential_facts&) = 0;
};

/// All of it as of one moment, while engines write. Blocking. Errors are db_errc.
result<void> read_trail(const database_config&, trail_visitor&);
/// A file of trail_writer. errc::io, errc::malformed naming the line.
result<void> read_trail(const std::filesystem::path&, trail_visitor&);

/// Writes a trail as lines of JSON. The first error ends the reading and is in outcome().
class trail_writer final : public trail_visitor {
public:
  using line_sink = std::function<result<void>(std::string_view line)>;
  explicit trail_writer(line_sink);
  bool key(const std::string& pem) override;
  bool head(audit_head) override;
  bool link(const chain_link&) override;
  bool unchained(std::int64_t event) override;
  bool credentials(const credential_facts&) override;
  /// The last line: a file without it was cut.
  result<void> finish();
  const result<void>& outcome() const { return outcome_; }
  std::int64_t rows() const { return rows_; }

private:
  bool write(std::string_view line);
  line_sink sink_;
  result<void> outcome_;
  std::int64_t rows_ = 0;
};

/// The heads of a head file; lines that hold none (torn by a crash) are left out. errc::io, errc::not_found.
result<std::vector<audit_head>> read_head_file(const std::filesystem::path&);

struct trail_verdict {
  trail_summary summary;
  /// Nothing: the trail is what it was.
  std::optional<trail_fault> fault;
  /// The keys were the trail's own: who could write the one could write the other.
  bool trusted_own_keys = false;
};
/// `read` is one of read_trail(). `heads`: of head files. Without keys those of the trail are trusted.
result<trail_verdict> verify_trail(const std::function<result<void>(trail_visitor&)>& read,
                                   std::vector<audit_head> heads, std::optional<audit_keys> keys);

}  // namespace drover::tenants
