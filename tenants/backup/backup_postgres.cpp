#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <pqxx/pqxx>
#include <pqxx/stream_from>
#include <pqxx/stream_to>
#include <ranges>
#include <set>
#include <stdexcept>

#include "crypto/key_purposes.hpp"
#include "tenants/audit/audit.hpp"
#include "tenants/backup/backup.hpp"
#include "tenants/postgres_calls_detail.hpp"

namespace drover::tenants::backup_detail {

/// A row that is in COPY's text form already.
struct copied_row {
  std::string_view text;
};

}  // namespace drover::tenants::backup_detail

namespace pqxx::internal {

/// libpqxx 6 reads such rows (get_raw_line) and keeps the writing of them to itself; this is how it lets nullptr through.
template <>
inline std::string TypedCopyEscaper::operator()<drover::tenants::backup_detail::copied_row>(const drover::tenants::backup_detail::copied_row* row) const {
  return std::string(row->text);
}

}  // namespace pqxx::internal

namespace drover::tenants {
namespace {

using backup_detail::copied_row;

using connection = pqxx::connection_base;
using snapshot = pqxx::transaction<pqxx::repeatable_read, pqxx::read_only>;

/// Each line of a backup begins with one of these.
constexpr char migration_line = 'M', fingerprint_line = 'F', table_line = 'T', row_line = 'R', sequence_line = 'S',
               end_line = 'E';

/// What a new database makes anew: which migrations it has, which master keys it knows, the wrapped key of the
/// fingerprints.
constexpr const char* own_tables = "'schema_migrations', 'master_keys', 'engine_meta'";

constexpr const char* no_timeout_sql = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10s'";
constexpr const char* migrations_sql = "SELECT version || ' ' || checksum FROM schema_migrations ORDER BY version";
constexpr const char* now_sql = "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";
/// Tables and partitions; a partition with the table that its rows are put into.
const std::string tables_sql =
    "SELECT c.relname, coalesce(p.relname, c.relname), c.relkind = 'p', "
    "(SELECT string_agg(a.attname, ' ' ORDER BY a.attnum) FROM pg_attribute a "
    "WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') "
    "FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = i.inhparent "
    "WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND c.relname NOT IN (" +
    std::string(own_tables) + ") ORDER BY 2, 1";
constexpr const char* references_sql =
    "SELECT DISTINCT f.relname, t.relname FROM pg_constraint k JOIN pg_class f ON f.oid = k.conrelid "
    "JOIN pg_class t ON t.oid = k.confrelid WHERE k.contype = 'f' AND f.relnamespace = current_schema()::regnamespace "
    "AND f.oid <> t.oid";
constexpr const char* sequences_sql =
    "SELECT c.relname FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'S' ORDER "
    "BY 1";
constexpr const char* walled_sql =
    "SELECT c.relname FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relforcerowsecurity";
constexpr const char* fingerprint_sql = "SELECT value FROM engine_meta WHERE key = 'fingerprint_key'";
constexpr const char* put_fingerprint_sql = "INSERT INTO engine_meta (key, value) VALUES ('fingerprint_key', $1)";
constexpr const char* in_use_sql =
    "SELECT EXISTS (SELECT FROM users) OR EXISTS (SELECT FROM audit_events) OR EXISTS (SELECT FROM master_keys) "
    "OR EXISTS (SELECT FROM raw_records) OR EXISTS (SELECT FROM engine_meta)";

struct table {
  /// Where rows are read from, and what they are put into.
  std::string source, target;
  std::string columns;
};

std::vector<std::string> split(std::string_view text, char by) {
  std::vector<std::string> parts;
  for (std::size_t at = 0;;) {
    const auto end = text.find(by, at);
    parts.emplace_back(text.substr(at, end == text.npos ? end : end - at));
    if (end == text.npos) return parts;
    at = end + 1;
  }
}

/// Tables after those that they refer to.
std::vector<std::string> order_tables(pqxx::transaction_base& tx, const std::set<std::string>& names) {
  std::multimap<std::string, std::string> needs;
  for (const auto& row : tx.exec(references_sql)) needs.emplace(text_of(row[0]), text_of(row[1]));
  std::vector<std::string> ordered;
  std::set<std::string> placed;
  while (ordered.size() < names.size()) {
    const auto before = ordered.size();
    for (const auto& name : names) {
      const auto [from, to] = needs.equal_range(name);
      const bool ready = std::all_of(
          from, to, [&](const auto& need) { return placed.contains(need.second) || !names.contains(need.second); });
      if (ready && placed.insert(name).second) ordered.push_back(name);
    }
    if (ordered.size() == before) throw std::logic_error("tables refer to each other in a circle");
  }
  return ordered;
}

std::vector<table> list_tables(pqxx::transaction_base& tx) {
  std::multimap<std::string, table> by_target;
  std::set<std::string> names;
  for (const auto& row : tx.exec(tables_sql)) {
    const auto target = text_of(row[1]);
    names.insert(target);
    // A partitioned table's rows are in its partitions.
    if (!boolean_of(row[2])) by_target.emplace(target, table{text_of(row[0]), target, text_of(row[3])});
  }
  std::vector<table> tables;
  for (const auto& name : order_tables(tx, names)) {
    const auto [from, to] = by_target.equal_range(name);
    for (auto at = from; at != to; ++at) tables.push_back(at->second);
  }
  return tables;
}

/// The row of user_data_keys in COPY's text form, its data key wrapped by the keys of `to`. None of its columns needs
/// escapes.
result<std::string> rewrap_row(std::string_view row, const std::string& columns, const crypto::keyring& from,
                               const crypto::keyring& to) {
  auto fields = split(row, '\t');
  const auto names = split(columns, ' ');
  const auto field = [&](std::string_view name) -> std::string& {
    const auto at = static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
    if (at >= fields.size()) throw std::runtime_error("user_data_keys has no " + std::string(name));
    return fields[at];
  };
  const user_id user(std::stoll(field("user_id")));
  const auto again = from.rewrap(user, {.dek_id = field("dek_id"), .wrapped = field("wrapped")}, to);
  if (!again)
    return fail(again.error().code,
                "the data key of user " + std::to_string(user.value) + " does not open: " + again.error().to_string());
  field("wrapped") = again->wrapped;
  std::string out;
  for (const auto& text : fields) out += (out.empty() ? "" : "\t") + text;
  return out;
}

result<std::string> rewrap_fingerprint_key(const std::string& wrapped, const crypto::keyring& from,
                                           const crypto::keyring& to) {
  const auto key = from.unwrap_key(crypto::fingerprint_key_purpose, wrapped);
  if (!key) return std::unexpected(key.error());
  return to.wrap_key(crypto::fingerprint_key_purpose, *key);
}

/// One pass over the database.
class exporter {
public:
  exporter(pqxx::transaction_base& tx, const crypto::keyring& keys, const crypto::keyring& backup_keys,
           backup_writer& out)
      : tx_(tx), keys_(keys), backup_keys_(backup_keys), out_(out) {}

  result<void> run(backup_choice choice) {
    for (const auto& row : tx_.exec(migrations_sql))
      if (auto added = add(migration_line, view_of(row[0])); !added) return added;
    for (const auto& row : tx_.exec(fingerprint_sql)) {
      const auto again = rewrap_fingerprint_key(text_of(row[0]), keys_, backup_keys_);
      if (!again) return std::unexpected(again.error());
      if (auto added = add(fingerprint_line, *again); !added) return added;
    }
    for (const auto& t : list_tables(tx_)) {
      if (!choice.with_raw_records && t.target == "raw_records") continue;
      if (auto copied = copy(t); !copied) return copied;
    }
    for (const auto& row : tx_.exec(sequences_sql)) {
      const auto name = text_of(row[0]);
      const auto state = tx_.exec1("SELECT last_value || ' ' || is_called FROM " + tx_.quote_name(name));
      if (auto added = add(sequence_line, name + " " + text_of(state[0])); !added) return added;
    }
    return add(end_line, std::to_string(counts_.rows));
  }
  const backup_counts& counts() const { return counts_; }

private:
  result<void> add(char kind, std::string_view text) { return out_.add(kind + std::string(text)); }

  result<void> copy(const table& t) {
    counts_.tables += 1;
    if (auto added = add(table_line, t.target + " " + t.columns); !added) return added;
    pqxx::stream_from rows(tx_, t.source, split(t.columns, ' '));
    for (std::string row; rows.get_raw_line(row);) {
      // libpqxx leaves the line's end on.
      if (row.ends_with('\n')) row.pop_back();
      counts_.rows += 1;
      if (t.target == "user_data_keys") {
        auto again = rewrap_row(row, t.columns, keys_, backup_keys_);
        if (!again) return std::unexpected(again.error());
        row = std::move(*again);
      }
      if (auto added = add(row_line, row); !added) return added;
    }
    rows.complete();
    return {};
  }

  pqxx::transaction_base& tx_;
  const crypto::keyring& keys_;
  const crypto::keyring& backup_keys_;
  backup_writer& out_;
  backup_counts counts_;
};

/// What one line of a backup says, in the order of the file. An error ends the reading.
using line_handler = std::function<result<void>(char kind, std::string_view text)>;

result<backup_counts> read_lines(const std::filesystem::path& path, const crypto::keyring& keys,
                                 const line_handler& handle) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(errc::io, path.string() + " cannot be read");
  auto reader = backup_reader::open(file, keys);
  if (!reader) return std::unexpected(reader.error());
  backup_counts counts{.created_at = reader->created_at()};
  std::optional<std::string> promised;
  for (;;) {
    auto line = reader->next();
    if (!line) return std::unexpected(line.error());
    if (!*line) break;
    if ((*line)->empty() || promised) return fail(errc::malformed, "the backup has a line where none may be");
    const char kind = (*line)->front();
    const auto text = std::string_view(**line).substr(1);
    if (kind == end_line) promised = text;
    counts.rows += kind == row_line;
    counts.tables += kind == table_line;
    if (auto handled = handle(kind, text); !handled) return std::unexpected(handled.error());
  }
  if (!promised || *promised != std::to_string(counts.rows))
    return fail(errc::malformed, "the backup does not hold the rows that it promises");
  counts.size_bytes = std::filesystem::file_size(path);
  return counts;
}

/// Puts the lines of a backup into a database, within a transaction.
class importer {
public:
  importer(pqxx::transaction_base& tx, const crypto::keyring& backup_keys, const crypto::keyring& keys)
      : tx_(tx), backup_keys_(backup_keys), keys_(keys) {}

  result<void> prepare() {
    if (boolean_of(tx_.exec1(in_use_sql)[0]))
      return fail(errc::malformed,
                  "the database is in use already; restore into a fresh one: create it, run engine migrate, then "
                  "restore, then start the engine");
    for (const auto& row : tx_.exec(migrations_sql)) expected_.push_back(text_of(row[0]));
    const auto tables = list_tables(tx_);
    for (const auto& t : tables) targets_.insert(t.target);
    for (const auto& row : tx_.exec(walled_sql)) walled_.push_back(text_of(row[0]));
    // COPY does not fill a table whose row security holds for its owner, too.
    for (const auto& name : walled_) tx_.exec("ALTER TABLE " + tx_.quote_name(name) + " NO FORCE ROW LEVEL SECURITY");
    // Triggers would notify, count and refuse what is only put back. A migration's own first rows are in the backup,
    // too.
    for (const auto& name : targets_) tx_.exec("ALTER TABLE " + tx_.quote_name(name) + " DISABLE TRIGGER USER");
    auto ordered = order_tables(tx_, targets_);
    for (const auto& name : ordered | std::views::reverse) tx_.exec("DELETE FROM " + tx_.quote_name(name));
    return {};
  }

  result<void> handle(char kind, std::string_view text) {
    if (kind != row_line) end_table();
    switch (kind) {
      case migration_line:
        migrations_.emplace_back(text);
        return {};
      case fingerprint_line:
        return put_fingerprint_key(std::string(text));
      case table_line:
        return begin_table(text);
      case row_line:
        return put_row(text);
      case sequence_line:
        return set_sequence(split(text, ' '));
      case end_line:
        return finish();
      default:
        return fail(errc::malformed, "the backup was written by a newer engine");
    }
  }

private:
  result<void> begin_table(std::string_view text) {
    if (migrations_ != expected_)
      return fail(errc::malformed, "the backup has another schema than this database (" +
                                       std::to_string(migrations_.size()) + " migrations against " +
                                       std::to_string(expected_.size()) +
                                       "); restore with the engine that wrote it, then migrate");
    auto names = split(text, ' ');
    name_ = names.front();
    if (!targets_.contains(name_))
      return fail(errc::malformed, "the backup has a table that this engine does not know");
    names.erase(names.begin());
    columns_ = std::string(text.substr(std::min(name_.size() + 1, text.size())));
    rows_ = std::make_unique<pqxx::stream_to>(tx_, name_, names);
    return {};
  }

  result<void> put_row(std::string_view row) {
    if (!rows_) return fail(errc::malformed, "the backup has a row of no table");
    if (name_ != "user_data_keys") {
      *rows_ << std::make_tuple(copied_row{row});
      return {};
    }
    auto again = rewrap_row(row, columns_, backup_keys_, keys_);
    if (!again) return std::unexpected(again.error());
    *rows_ << std::make_tuple(copied_row{*again});
    return {};
  }

  void end_table() {
    if (rows_) rows_->complete();
    rows_.reset();
  }

  result<void> put_fingerprint_key(const std::string& wrapped) {
    const auto again = rewrap_fingerprint_key(wrapped, backup_keys_, keys_);
    if (!again) return std::unexpected(again.error());
    tx_.exec_params(put_fingerprint_sql, *again);
    return {};
  }

  result<void> set_sequence(const std::vector<std::string>& parts) {
    if (parts.size() != 3) return fail(errc::malformed, "the backup has a damaged sequence");
    tx_.exec_params("SELECT setval($1::regclass, $2::bigint, $3::boolean)", tx_.quote_name(parts[0]), parts[1],
                    parts[2]);
    return {};
  }

  result<void> finish() {
    for (const auto& name : targets_) tx_.exec("ALTER TABLE " + tx_.quote_name(name) + " ENABLE TRIGGER USER");
    for (const auto& name : walled_) tx_.exec("ALTER TABLE " + tx_.quote_name(name) + " FORCE ROW LEVEL SECURITY");
    insert_audit_event(tx_, {.actor = {}, .action = "backup.restore", .object = "database", .detail = {}});
    return {};
  }

  pqxx::transaction_base& tx_;
  const crypto::keyring& backup_keys_;
  const crypto::keyring& keys_;
  std::vector<std::string> expected_, migrations_;
  std::set<std::string> targets_;
  std::vector<std::string> walled_;
  std::string name_, columns_;
  std::unique_ptr<pqxx::stream_to> rows_;
};

result<backup_counts> restore(connection& c, const std::filesystem::path& path, const crypto::keyring& backup_keys,
                              const crypto::keyring& keys) {
  pqxx::work tx(c);
  tx.exec(no_timeout_sql);
  importer put(tx, backup_keys, keys);
  if (auto ready = put.prepare(); !ready) return std::unexpected(ready.error());
  auto counts =
      read_lines(path, backup_keys, [&put](char kind, std::string_view text) { return put.handle(kind, text); });
  if (counts) tx.commit();
  return counts;
}

}  // namespace

result<backup_counts> write_backup(const database_config& config, const crypto::keyring& keys,
                                   const crypto::keyring& backup_keys, random_source& random, backup_choice choice,
                                   byte_sink sink) {
  result<backup_counts> outcome;
  auto done = run_blocking(config, [&](connection& c) {
    snapshot tx(c);
    tx.exec(no_timeout_sql);
    const auto created_at = text_of(tx.exec1(now_sql)[0]);
    backup_writer out(backup_keys, random, created_at, std::move(sink));
    exporter copying(tx, keys, backup_keys, out);
    auto written = copying.run(choice);
    if (written) written = out.finish();
    if (!written) {
      outcome = std::unexpected(written.error());
      return;
    }
    outcome = copying.counts();
    outcome->size_bytes = out.size_bytes();
    outcome->created_at = created_at;
  });
  if (!done) return std::unexpected(done.error());
  return outcome;
}

result<backup_counts> verify_backup(const std::filesystem::path& path, const crypto::keyring& backup_keys) {
  return read_lines(path, backup_keys, [](char, std::string_view) { return result<void>(); });
}

result<backup_counts> restore_backup(const database_config& config, const std::filesystem::path& path,
                                     const crypto::keyring& backup_keys, const crypto::keyring& keys) {
  if (auto whole = verify_backup(path, backup_keys); !whole) return whole;
  result<backup_counts> outcome;
  auto done = run_blocking(config, [&](connection& c) { outcome = restore(c, path, backup_keys, keys); });
  if (!done) return std::unexpected(done.error());
  return outcome;
}

}  // namespace drover::tenants
