#include "tenants/audit/audit_sealer.hpp"

namespace drover::tenants {
namespace {

constexpr std::size_t keys_limit_bytes = 1024 * 1024;

}  // namespace

task<void> audit_sealer::run() {
  std::string last_problem;
  for (;;) {
    auto done = co_await sign_when_due();
    const auto problem = done ? std::string() : done.error().to_string();
    if (!problem.empty() && problem != last_problem) log_.error("the audit trail is not signed", {{"err", problem}});
    last_problem = problem;
    co_await sleep_for(parts_.timers, poll_interval);
  }
}

task<result<void>> audit_sealer::sign_now() {
  auto seen = co_await look();
  if (!seen) co_return std::unexpected(seen.error());
  if (seen->end.seq == signed_->seq) co_return result<void>();
  auto done = co_await sign(std::move(seen->end));
  co_return done;
}

task<result<void>> audit_sealer::sign_when_due() {
  auto seen = co_await look();
  if (!seen) co_return std::unexpected(seen.error());
  const auto fresh = seen->end.seq - signed_->seq;
  const bool waited = !signed_at_ || parts_.timers.get_clock().now() - *signed_at_ >= interval;
  if (fresh == 0 || (fresh < rows_per_head && !waited)) co_return result<void>();
  auto done = co_await sign(std::move(seen->end));
  co_return done;
}

task<result<void>> audit_sealer::sign(trail_end end) {
  auto signed_end = sign_head(parts_.keys, end.seq, end.hash, parts_.timers.get_clock().wall_now());
  // The file first: a head in the table alone would be in the hands of who can write tables.
  std::move_only_function<result<void>()> work = [this, &signed_end] { return write_files(signed_end); };
  auto ran = co_await parts_.worker.run(std::move(work));
  result<void> written = ran ? *ran : std::unexpected(ran.error());
  if (!written) co_return written;
  auto stored = co_await store(signed_end);
  if (!stored) co_return stored;
  signed_ = std::move(end);
  signed_at_ = parts_.timers.get_clock().now();
  co_return result<void>();
}

result<void> audit_sealer::write_files(const signed_head& signed_end) {
  const auto keys_path = parts_.folder / keys_file;
  auto known = parts_.files.read(keys_path, keys_limit_bytes);
  if (!known && known.error().code != errc::not_found) return std::unexpected(known.error());
  const auto before = known ? *known : std::string();
  if (before.find(signed_end.public_key) == before.npos)
    if (auto kept = parts_.files.write_atomically(keys_path, before + signed_end.public_key); !kept) return kept;
  auto file = parts_.files.open_append(parts_.folder / heads_file);
  if (!file) return std::unexpected(file.error());
  // A crash may have torn the last line.
  const bool parted = !file_begun_ && (*file)->size_bytes() > 0;
  auto line = (parted ? "\n" : "") + to_line(signed_end.head) + "\n";
  if (auto added = (*file)->append(line); !added) return added;
  file_begun_ = true;
  return (*file)->sync();
}

}  // namespace drover::tenants
