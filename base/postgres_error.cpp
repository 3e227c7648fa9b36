#include "base/postgres_error.hpp"

#include <fmt/format.h>

#include <pqxx/pqxx>

#include "base/encoding.hpp"

namespace drover {
namespace {

std::string_view message_of(int value) {
  switch (static_cast<db_errc>(value)) {
    case db_errc::unavailable: return "the database does not answer";
    case db_errc::in_doubt: return "it is not known whether the transaction was committed";
    case db_errc::unique_violation: return "a unique constraint refused the row";
    case db_errc::constraint_violation: return "a constraint refused the row";
    case db_errc::refused: return "the database refused";
    case db_errc::retry: return "the transaction must be run again";
    case db_errc::timed_out: return "the database took too long";
    case db_errc::permission_denied: return "the role may not do this";
    case db_errc::broken: return "the statement failed";
  }
  return "unknown";
}

using detail::first_line;

/// PostgreSQL names the constraint in its message: … constraint "users_username_key" …
std::string constraint_of(const std::string& message) {
  constexpr std::string_view before = "constraint \"";
  const auto at = message.find(before);
  if (at == std::string::npos) return first_line(message);
  const auto start = at + before.size();
  return message.substr(start, message.find('"', start) - start);
}

db_errc code_of(const std::string& sqlstate) {
  if (sqlstate == "23505") return db_errc::unique_violation;
  if (sqlstate.starts_with("23")) return db_errc::constraint_violation;
  if (sqlstate.starts_with("DR")) return db_errc::refused;
  if (sqlstate == "40001" || sqlstate == "40P01") return db_errc::retry;
  if (sqlstate == "57014" || sqlstate == "55P03" || sqlstate == "25P03") return db_errc::timed_out;
  if (sqlstate == "42501" || sqlstate == "25006") return db_errc::permission_denied;
  // 53: no disk, memory or connections left; 58: its operating system refused. The statement is not to blame, and may be run later.
  for (const std::string_view passing : {"57P", "08", "53", "58"})
    if (sqlstate.starts_with(passing)) return db_errc::unavailable;
  return db_errc::broken;
}

}  // namespace

std::error_code make_error_code(db_errc value) {
  static const enum_category category("database", message_of);
  return {static_cast<int>(value), category};
}

namespace detail {

std::string first_line(std::string text) {
  text.resize(std::min(text.find('\n'), text.size()));
  for (std::string_view prefix : {"ERROR:  ", "FATAL:  "})
    if (text.starts_with(prefix)) return text.substr(prefix.size());
  return text;
}

error to_database_error(const std::string& sqlstate, const std::string& message) {
  const db_errc code = code_of(sqlstate);
  const bool named = code == db_errc::unique_violation || code == db_errc::constraint_violation;
  return {code, named ? constraint_of(message) : first_line(message)};
}

database_failure to_database_failure(std::exception_ptr failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const pqxx::in_doubt_error& e) {
    return {error(db_errc::in_doubt, first_line(e.what())), true};
  } catch (const pqxx::broken_connection& e) {
    return {error(db_errc::unavailable, first_line(e.what())), true};
  } catch (const pqxx::insufficient_privilege& e) {
    // libpqxx 6 leaves its SQLSTATE out.
    return {error(db_errc::permission_denied, first_line(e.what())), false};
  } catch (const pqxx::sql_error& e) {
    return {to_database_error(e.sqlstate(), e.what()), e.sqlstate().starts_with("57P")};
  } catch (const std::exception& e) {
    return {error(db_errc::broken, e.what()), false};
  } catch (...) {
    return {error(db_errc::broken, "an exception of unknown type"), false};
  }
}

std::string session_url(const database_config& config) {
  // The server lets go of us as soon as we would of it: what a lost session holds is held for seconds only.
  const auto limits = fmt::format("-c statement_timeout={} -c lock_timeout={} -c idle_in_transaction_session_timeout={} "
                                  "-c tcp_keepalives_idle=4 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3",
                                  config.statement_timeout.count(), config.lock_timeout.count(),
                                  config.statement_timeout.count());
  // A peer that is gone is noticed within 10 seconds.
  constexpr std::string_view liveness[] = {"connect_timeout=5", "keepalives_idle=4", "keepalives_interval=2", "keepalives_count=3",
                                           "tcp_user_timeout=8000", "application_name=drover"};
  const bool is_uri = config.url.starts_with("postgres://") || config.url.starts_with("postgresql://");
  if (!is_uri) return fmt::format("{} options='{}' {}", config.url, limits, fmt::join(liveness, " "));
  const char separator = config.url.find('?') == std::string::npos ? '?' : '&';
  return fmt::format("{}{}options={}&{}", config.url, separator, percent_encode(limits), fmt::join(liveness, "&"));
}

}  // namespace detail
}  // namespace drover
