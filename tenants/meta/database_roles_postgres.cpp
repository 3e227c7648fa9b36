#include <fmt/core.h>

#include <array>

#include "base/postgres_url.hpp"

#include "tenants/meta/database_roles.hpp"
#include "tenants/postgres_calls_detail.hpp"

namespace drover::tenants {
namespace {

constexpr const char* login_sql =
    "SELECT session_user, EXISTS (SELECT FROM pg_roles r WHERE r.rolsuper AND pg_has_role(session_user, r.oid, "
    "'MEMBER')), "
    "EXISTS (SELECT FROM pg_roles r WHERE r.rolbypassrls AND pg_has_role(session_user, r.oid, 'MEMBER')), "
    "EXISTS (SELECT FROM pg_roles r WHERE r.rolcreaterole AND pg_has_role(session_user, r.oid, 'MEMBER')), "
    "EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') "
    "AND pg_has_role(session_user, c.relowner, 'MEMBER')), "
    "NOT coalesce(pg_has_role(session_user, to_regrole('drover_app'), 'MEMBER') "
    "AND pg_has_role(session_user, to_regrole('drover_tenant'), 'MEMBER'), false)";

/// What each of the columns behind the first one means.
constexpr std::array faults{"is a superuser", "bypasses row-level security", "may make roles", "owns the tables",
                            "is not a member of drover_app and drover_tenant"};

/// Roles are shared by all databases of a server, and PostgreSQL lets nobody change one from two sides at once: hence
/// the lock.
constexpr const char* roles_text =
    R"(-- Makes the roles of the engine; may be run again. As a superuser: engine db roles | psql -d postgres
\set ON_ERROR_STOP on
BEGIN;
SELECT pg_advisory_xact_lock(x'64726f766572'::bigint) \g /dev/null
DO $$
DECLARE
  login text := {login};
  owner text := {owner};
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['drover_app', 'drover_tenant', 'drover_reader'] LOOP
    IF to_regrole(quote_ident(wanted)) IS NULL THEN EXECUTE format('CREATE ROLE %I NOLOGIN', wanted); END IF;
  END LOOP;
  FOREACH wanted IN ARRAY ARRAY[login, owner] LOOP
    IF to_regrole(quote_ident(wanted)) IS NULL THEN EXECUTE format('CREATE ROLE %I LOGIN', wanted); END IF;
  END LOOP;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = login AND (rolsuper OR rolbypassrls OR rolcreaterole)) THEN
    RAISE EXCEPTION 'the login % of database.url is a superuser, bypasses row-level security or may make roles; name another one', login;
  END IF;
  FOREACH wanted IN ARRAY ARRAY['drover_app', 'drover_tenant'] LOOP
    IF NOT EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = to_regrole(wanted) AND m.member = to_regrole(quote_ident(login))) THEN
      EXECUTE format('GRANT %I TO %I', wanted, login);
    END IF;
  END LOOP;
END $$;
COMMIT;
SELECT format('CREATE DATABASE %I OWNER %I', {database}, {owner})
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = {database}) \gexec
SELECT format('ALTER DATABASE %I OWNER TO %I', datname, {owner}) FROM pg_database
  WHERE datname = {database} AND datdba <> to_regrole(quote_ident({owner})) \gexec
\connect {connect}
-- What the engine's login made when it was the owner.
SELECT format('REASSIGN OWNED BY %I TO %I', {login}, {owner})
  WHERE EXISTS (SELECT FROM pg_class WHERE relowner = to_regrole(quote_ident({login}))) \gexec
)";

std::string quote(const std::string& text, char mark) {
  std::string out(1, mark);
  for (const char c : text) out += c == mark ? std::string(2, mark) : std::string(1, c);
  return out + mark;
}

std::string literal(const std::string& text) {
  return quote(text, '\'');
}

std::string replace_all(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += by.size()) text.replace(at, what.size(), by);
  return text;
}

}  // namespace

result<void> check_login(const database_config& config) {
  std::string login, wrong;
  auto done = run_blocking(config, [&](pqxx::connection_base& connection) {
    pqxx::nontransaction tx(connection);
    const auto row = tx.exec1(login_sql);
    login = text_of(row[0]);
    for (std::size_t i = 0; i < faults.size() && wrong.empty(); ++i)
      if (boolean_of(row[static_cast<pqxx::row::size_type>(i + 1)])) wrong = faults[i];
  });
  if (!done || wrong.empty()) return done;
  return fail(
      db_errc::permission_denied,
      fmt::format(
          "database.url logs in as '{}', which {}; the engine runs only as a role that cannot change its own record: "
          "name another "
          "login in database.url, the owner of the tables in database.owner_url, and run as a superuser of PostgreSQL: "
          "engine db roles | psql -d postgres (docs/DATABASE_ROLES.md)",
          login, wrong));
}

result<std::string> make_roles_sql(const std::string& engine_url, const std::string& owner_url) {
  const auto engine = parse_database_url(engine_url), owner = parse_database_url(owner_url);
  const auto value = [](const auto& from, const char* key) {
    const bool has = from && from->contains(key);
    return has ? from->at(key) : std::string();
  };
  const auto login = value(engine, "user"), owner_login = value(owner, "user"), name = value(engine, "dbname");
  if (login.empty() || name.empty())
    return fail(errc::malformed,
                "database.url must name user and dbname, e.g. \"host=/run/postgresql dbname=drover user=drover\"");
  if (owner_login.empty() || owner_login == login)
    return fail(
        errc::malformed,
        "database.owner_url must name the login that owns the tables, another one than that of database.url, e.g. "
        "\"host=/run/postgresql dbname=drover user=drover_owner\"");
  if (value(owner, "dbname") != name)
    return fail(errc::malformed, "database.url and database.owner_url must name the same dbname");
  auto text = replace_all(roles_text, "{login}", literal(login));
  text = replace_all(std::move(text), "{owner}", literal(owner_login));
  text = replace_all(std::move(text), "{database}", literal(name));
  return replace_all(std::move(text), "{connect}", quote(name, '"'));
}

}  // namespace drover::tenants
