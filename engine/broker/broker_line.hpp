#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/secret.hpp"
#include "base/transport.hpp"
#include "exchanges/protocol/operation.hpp"

/// The lines of the key broker (docs/BROKER.md), JSON: bytes to values and back. Pure functions.
namespace drover::engine {

/// Why the broker does not do what it was asked; to_string() is the code of the answer.
enum class broker_errc {
  /// The engine has no keys: it waits for engine unseal.
  sealed = 1,
  /// The line is not a call; the detail names the member.
  malformed,
  /// The caller's user has no client, or the token is not one of that user's.
  denied,
  /// More calls than the client may make; error::retry_after.
  too_many,
  /// The client was not given this account.
  not_given,
  /// The account is not APPROVED and switched on, its user is banned, or its keys do not open.
  account_not_ready,
  /// What it asks for would move coins out, or let them be moved: never signed.
  moves_coins,
  /// No such operation, or one that the broker does not sign; the detail says which and why.
  not_offered,
  /// The arguments are wrong, or the exchange can never accept them.
  bad_arguments,
  /// Trading is stopped for this account: locks, kills, broken loss limits; the detail says by what.
  halted,
  /// The operator has not let this client see secrets, or the engine is in lockdown.
  reveal_off,
  /// The engine starts, stops, or its database is away: nothing is signed that cannot be put on record.
  unavailable,
};
std::error_code make_error_code(broker_errc);
std::string_view to_string(broker_errc);

inline constexpr std::size_t broker_line_limit_bytes = 16 * 1024;

struct broker_call {
  enum class kind { sign, reveal };
  kind what = kind::sign;
  secret token;
  account_id account;
  /// As it came; empty for reveal.
  std::string op;
  /// JSON object.
  std::string arguments = "{}";
  /// Comes back with the answer: JSON of a text or a whole number, empty when there was none.
  std::string tag;
};
/// broker_errc::malformed. `tag` of the outcome is set as soon as it was read, so that a refusal can carry it.
result<broker_call> parse_broker_call(std::string_view line, std::string& tag);

/// What was signed, and with what: enough to make the same signature again.
struct signed_request {
  client_request request;
  wall_time signed_at;
  milliseconds validity_window{};
  std::int64_t nonce = 0;
};
secret render_signed(const signed_request&, const std::string& tag);
secret render_revealed(const exchanges::credentials&, const std::string& exchange, const std::string& tag);
secret render_refusal(const error&, const std::string& tag);

/// Whether every text of the call stays in its place when it becomes part of a path or a query: an order id with a
/// slash or dots could name another endpoint. broker_errc::bad_arguments names the argument.
result<void> check_texts(const exchanges::venue_call&);

}  // namespace drover::engine

template <>
struct std::is_error_code_enum<drover::engine::broker_errc> : std::true_type {};
