#include "tenants/keys/master_keys.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "tenants/audit/audit.hpp"
#include "tenants/postgres_calls_detail.hpp"

namespace drover::tenants {
namespace {

using connection = pqxx::connection_base;

const logger& log() {
  static const logger instance("keys");
  return instance;
}

/// Of one transaction: short locks, and little is done twice after a kill.
constexpr int rows_at_once = 64;

const statement lock_keys{"master_keys_lock", "LOCK TABLE master_keys IN SHARE ROW EXCLUSIVE MODE"};
const statement list_keys{"master_keys_list",
                          "SELECT m.id, m.check_value, m.state, "
                          "(SELECT count(*) FROM user_data_keys k WHERE k.master_key_id = m.id) "
                          "FROM master_keys m ORDER BY m.state <> 'current', m.created_at, m.id"};
const statement make_old{"master_keys_make_old",
                         "UPDATE master_keys SET state = 'old', changed_at = now() WHERE state = 'current'"};
const statement insert_current{"master_keys_insert",
                               "INSERT INTO master_keys (id, check_value, state) VALUES ($1, $2, 'current')"};
const statement retire{"master_keys_retire",
                       "UPDATE master_keys m SET state = 'retired', changed_at = now() WHERE m.state = 'old' "
                       "AND NOT EXISTS (SELECT FROM user_data_keys k WHERE k.master_key_id = m.id) RETURNING m.id"};
const statement count_wrappers{"data_keys_wrappers",
                               "SELECT master_key_id, count(*) FROM user_data_keys GROUP BY 1 ORDER BY 1"};
const statement find_fingerprint_key{"fingerprint_key_find",
                                     "SELECT value FROM engine_meta WHERE key = 'fingerprint_key'"};
const statement put_fingerprint_key{"fingerprint_key_put",
                                    "INSERT INTO engine_meta (key, value) VALUES ('fingerprint_key', $1) "
                                    "ON CONFLICT (key) DO UPDATE SET value = excluded.value"};
const statement list_others{"data_keys_of_other_master_keys",
                            "SELECT user_id, dek_id, wrapped FROM user_data_keys "
                            "WHERE master_key_id <> $1 AND user_id > $2 ORDER BY user_id LIMIT $3"};
const statement replace_wrapped{"data_keys_replace_wrapped",
                                "UPDATE user_data_keys SET wrapped = $3 WHERE user_id = $1 AND wrapped = $2"};

struct stored_key {
  known_master_key known;
  std::string check_value;
};

std::vector<stored_key> read_keys(pqxx::transaction_base& tx) {
  std::vector<stored_key> keys;
  for (const auto& row : execute(tx, list_keys))
    keys.push_back(
        {{.id = text_of(row[0]), .state = text_of(row[2]), .data_keys = integer_of(row[3])}, text_of(row[1])});
  return keys;
}

void audit(pqxx::transaction_base& tx, std::string action, const std::string& id, std::string detail) {
  insert_audit_event(
      tx, {.actor = {}, .action = std::move(action), .object = "master_key:" + id, .detail = std::move(detail)});
}

std::unexpected<error> wrong_key(std::string what) {
  return fail(crypto::crypto_errc::key_wrong, "security.master_key " + std::move(what));
}

result<void> check(const std::vector<stored_key>& stored, const crypto::keyring& keys) {
  for (const auto& [known, check_value] : stored) {
    if (!keys.holds(known.id)) {
      if (known.state == "current")
        return wrong_key("is not the key this database was sealed with; name the file with the right one (its id is " +
                         known.id + ", the given one is " + keys.master_key_id() + ")");
      continue;
    }
    if (!keys.verify_check_value(check_value))
      return wrong_key("has the id of the database's key but is another one; name the file with the right one");
    if (known.id == keys.master_key_id() && known.state != "current")
      return wrong_key(known.id + " was replaced by a newer key; the newest key must be the first line of the file");
  }
  return {};
}

/// A database that lost its newest rows of master_keys, or a file that lost a line.
result<void> check_wrappers(pqxx::transaction_base& tx, const crypto::keyring& keys) {
  for (const auto& row : execute(tx, count_wrappers)) {
    const auto id = text_of(row[0]);
    if (!keys.holds(id))
      return wrong_key("does not hold " + id + ", which the data keys of " + std::to_string(integer_of(row[1])) +
                       " users are wrapped by; add it as a further line of the file");
  }
  return {};
}

void make_current(pqxx::transaction_base& tx, const std::vector<stored_key>& stored, const crypto::keyring& keys) {
  const auto id = keys.master_key_id();
  if (!stored.empty() && stored.front().known.id == id) return;
  execute(tx, make_old);
  execute(tx, insert_current, id, keys.make_check_value());
  audit(tx, stored.empty() ? "key.first" : "key.rotate", id, stored.empty() ? "" : "after " + stored.front().known.id);
}

/// False when there is none.
result<bool> use_stored_fingerprint_key(pqxx::transaction_base& tx, crypto::keyring& keys) {
  const auto found = execute(tx, find_fingerprint_key);
  if (found.empty()) return false;
  auto used = keys.use_fingerprint_key(view_of(found[0][0]));
  if (!used && used.error().code == crypto::crypto_errc::key_wrong)
    return wrong_key("does not hold the key that wraps the fingerprints of API keys (" + used.error().detail +
                     "); add it as a further line of the file");
  if (!used) return std::unexpected(used.error());
  return true;
}

result<void> use_fingerprint_key(pqxx::transaction_base& tx, crypto::keyring& keys) {
  const auto used = use_stored_fingerprint_key(tx, keys);
  if (!used) return std::unexpected(used.error());
  if (*used) return {};
  const auto wrapped = keys.wrap_fingerprint_key();
  if (!wrapped) return std::unexpected(wrapped.error());
  execute(tx, put_fingerprint_key, *wrapped);
  return {};
}

result<void> settle(connection& c, crypto::keyring& keys) {
  pqxx::work tx(c);
  execute(tx, lock_keys);
  const auto stored = read_keys(tx);
  if (auto right = check(stored, keys); !right) return right;
  if (auto right = check_wrappers(tx, keys); !right) return right;
  if (auto used = use_fingerprint_key(tx, keys); !used) return used;
  make_current(tx, stored, keys);
  failpoint("keys.settle");
  tx.commit();
  return {};
}

result<void> join(connection& c, crypto::keyring& keys) {
  pqxx::read_transaction tx(c);
  const auto stored = read_keys(tx);
  if (auto right = check(stored, keys); !right) return right;
  if (auto right = check_wrappers(tx, keys); !right) return right;
  const auto used = use_stored_fingerprint_key(tx, keys);
  if (!used) return std::unexpected(used.error());
  if (!*used || stored.empty()) return wrong_key("is not known to this database yet; start the engine on it once");
  if (stored.front().known.id != keys.master_key_id())
    return wrong_key(keys.master_key_id() + " is newer than what the database is worked on with; rotate first");
  return {};
}

/// The rows after `after` that another master key wraps, as far as one transaction goes. Answers the last user looked
/// at, 0: there are no more.
result<std::int64_t> wrap_some(connection& c, const crypto::keyring& keys, std::int64_t after, rotation_outcome& out) {
  pqxx::work tx(c);
  std::int64_t last = 0;
  rotation_outcome done;
  for (const auto& row : execute(tx, list_others, keys.master_key_id(), after, rows_at_once)) {
    last = integer_of(row[0]);
    const auto wrapped = text_of(row[2]);
    const auto again = keys.rewrap(user_id(last), {.dek_id = text_of(row[1]), .wrapped = wrapped}, keys);
    if (!again) {
      log().error("a data key does not open and is left as it is", {{"user", user_id(last)}, {"err", again.error()}});
      done.refused += 1;
      continue;
    }
    done.rewrapped +=
        static_cast<std::int64_t>(execute(tx, replace_wrapped, last, wrapped, again->wrapped).affected_rows());
    failpoint("keys.rewrapped_row");
  }
  failpoint("keys.before_commit");
  tx.commit();
  failpoint("keys.after_commit");
  out.rewrapped += done.rewrapped;
  out.refused += done.refused;
  return last;
}

result<void> wrap_fingerprint_key(connection& c, const crypto::keyring& keys) {
  const auto wrapped = keys.wrap_fingerprint_key();
  if (!wrapped) return std::unexpected(wrapped.error());
  pqxx::work tx(c);
  execute(tx, put_fingerprint_key, *wrapped);
  tx.commit();
  failpoint("keys.after_fingerprint_key");
  return {};
}

std::vector<std::string> retire_unused(connection& c) {
  pqxx::work tx(c);
  std::vector<std::string> ids;
  for (const auto& row : execute(tx, retire)) ids.push_back(text_of(row[0]));
  for (const auto& id : ids) audit(tx, "key.retire", id, {});
  failpoint("keys.before_retire");
  tx.commit();
  return ids;
}

/// A job's own refusal, or the database's.
template <class T>
result<T> flatten(result<result<T>> outcome) {
  if (!outcome) return std::unexpected(outcome.error());
  return std::move(*outcome);
}

}  // namespace

result<void> settle_master_keys(const database_config& config, crypto::keyring& keys) {
  result<void> outcome;
  auto done = run_blocking(config, [&](connection& c) { outcome = settle(c, keys); });
  return done ? outcome : done;
}

result<void> join_master_keys(const database_config& config, crypto::keyring& keys) {
  result<void> outcome;
  auto done = run_blocking(config, [&](connection& c) { outcome = join(c, keys); });
  return done ? outcome : done;
}

result<std::vector<known_master_key>> list_master_keys(const database_config& config) {
  std::vector<known_master_key> out;
  auto done = run_blocking(config, [&](connection& c) {
    pqxx::nontransaction tx(c);
    for (auto& key : read_keys(tx)) out.push_back(std::move(key.known));
  });
  if (!done) return std::unexpected(done.error());
  return out;
}

result<void> audit_operator(const database_config& config, std::string action, std::string object, std::string detail) {
  return run_blocking(config, [&](connection& c) {
    pqxx::work tx(c);
    insert_audit_event(tx, {.actor = {}, .action = action, .object = object, .detail = detail});
    tx.commit();
  });
}

key_rotation::key_rotation(database& db, crypto::keyring& keys) : db_(db), keys_(keys) {}

task<result<rotation_outcome>> key_rotation::run() {
  if (std::exchange(running_, true)) co_return fail(errc::overloaded, "a rotation is under way already");
  rotation_outcome outcome;
  auto done = co_await wrap_all(outcome);
  running_ = false;
  if (!done) co_return std::unexpected(done.error());
  co_return outcome;
}

task<result<void>> key_rotation::wrap_all(rotation_outcome& out) {
  auto entering = [keys = &keys_](connection& c) { return settle(c, *keys); };
  auto settled = co_await db_.run("keys_settle", std::move(entering));
  if (auto entered = flatten(std::move(settled)); !entered) co_return entered;
  auto first = [keys = &keys_](connection& c) { return wrap_fingerprint_key(c, *keys); };
  auto wrapped = co_await db_.run("keys_wrap_fingerprint_key", std::move(first));
  if (auto kept = flatten(std::move(wrapped)); !kept) co_return kept;
  for (std::int64_t after = 0;;) {
    auto some = [keys = &keys_, after, &out](connection& c) { return wrap_some(c, *keys, after, out); };
    auto ran = co_await db_.run("keys_rewrap", std::move(some));
    auto last = flatten(std::move(ran));
    if (!last) co_return std::unexpected(last.error());
    if (*last == 0) break;
    after = *last;
  }
  auto ending = [](connection& c) { return retire_unused(c); };
  auto retired = co_await db_.run("keys_retire", std::move(ending));
  if (!retired) co_return std::unexpected(retired.error());
  out.retired = std::move(*retired);
  co_return result<void>();
}

}  // namespace drover::tenants
