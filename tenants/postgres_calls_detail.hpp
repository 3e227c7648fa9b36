#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "base/decimal.hpp"
#include "base/postgres.hpp"
#include "base/postgres_reader.hpp"
#include "tenants/errors.hpp"

/// What the PostgreSQL stores of this folder share; included by *_postgres.cpp only. Broken values throw and end as
/// db_errc::broken.
namespace drover::tenants {

/// A statement that is prepared once per connection. One name has one text in the whole program.
struct statement {
  std::string name, sql;
};

template <class... Arguments>
pqxx::result execute(pqxx::transaction_base& tx, const statement& s, const Arguments&... arguments) {
  return tx.exec_prepared(prepared(tx.conn(), s.name, s.sql.c_str()), arguments...);
}

/// SQL: a timestamp as whole microseconds since 1970, whatever the session's time zone and date style.
inline std::string microseconds_of(const std::string& column) {
  return "(extract(epoch FROM " + column + ") * 1000000)::bigint";
}

/// A parameter for what SQL reads as whole microseconds since 1970.
inline std::int64_t to_microseconds(wall_time t) {
  return std::chrono::duration_cast<std::chrono::microseconds>(t.since_epoch).count();
}

/// A value of a row: of the pool's pqxx::result or of the reader's read_rows.
template <class F>
concept field = std::same_as<F, pqxx::field> || std::same_as<F, read_field>;

template <field F>
std::string_view view_of(const F& f) {
  return {f.c_str(), f.size()};
}
template <field F>
std::string text_of(const F& f) {
  return std::string(view_of(f));
}
template <field F>
std::optional<std::string> optional_text_of(const F& f) {
  if (f.is_null()) return std::nullopt;
  return text_of(f);
}

template <field F>
std::int64_t integer_of(const F& f) {
  auto text = view_of(f);
  std::int64_t value = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()) throw std::runtime_error("a column holds no integer");
  return value;
}
template <field F>
bool boolean_of(const F& f) {
  return f.c_str()[0] == 't';
}
/// Of a column selected through microseconds_of().
template <field F>
wall_time time_of(const F& f) {
  return {std::chrono::microseconds(integer_of(f))};
}
template <field F>
std::optional<wall_time> optional_time_of(const F& f) {
  if (f.is_null()) return std::nullopt;
  return time_of(f);
}
template <field F>
decimal decimal_of(const F& f) {
  auto value = decimal::parse(view_of(f));
  if (!value) throw std::runtime_error("a column holds no decimal: " + value.error().detail);
  return *value;
}

/// Parameter that is NULL for an empty text.
inline const char* null_if_empty(const std::string& text) {
  return text.empty() ? nullptr : text.c_str();
}
/// Parameter that is NULL for an absent text.
inline const char* null_if_absent(const std::optional<std::string>& text) {
  return text ? text->c_str() : nullptr;
}

/// The outcome of a job that answers tenant errors itself.
template <class T>
result<T> from_job(result<result<T>> outcome) {
  if (!outcome) return std::unexpected(from_database_error(outcome.error()));
  return std::move(*outcome);
}

/// The outcome of a job that can only fail in the database.
template <class T>
result<T> from_read(result<T> outcome) {
  if (!outcome) return std::unexpected(from_database_error(outcome.error()));
  return outcome;
}

}  // namespace drover::tenants
