#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/transport.hpp"
#include "exchanges/protocol/operation.hpp"

namespace drover::exchanges {

/// Longest part of a venue's message that error::detail carries.
inline constexpr std::size_t venue_words_limit = 200;

/// What a code, or a code with a phrase in its message, means. Only refusals that prove that nothing happened belong into
/// such a table; the first match counts.
struct error_meaning {
  std::string_view code;
  /// Lower case; empty = whatever the message says.
  std::string_view phrase;
  exchange_errc meaning;
};
std::optional<exchange_errc> find_meaning(std::span<const error_meaning>, std::string_view code, std::string_view message);

/// "170131: Insufficient balance.": bounded, printable; "HTTP 502" without a code.
std::string describe_refusal(int http_status, std::string_view code, std::string_view message);

/// The canonical error of an answer that refused (REL-30). `known` is what the venue's table says of its code. Without it: 429 and
/// 418 are rate_limited, 401 bad_credentials, 451 refused; any other write, and everything from 500 on, is unknown_outcome;
/// reads are maintenance (403, 503 and other 5xx) or refused where the venue gave a code, else protocol.
/// A 5xx to a write is unknown_outcome whatever its body says.
error make_refusal(operation, int http_status, std::string_view code, std::string_view message, std::optional<exchange_errc> known);

/// An answer that is not as documented: protocol, for writes unknown_outcome. `what` names the place.
error make_unreadable(operation, std::string_view what);

/// A header as a whole number; none when absent or something else.
std::optional<std::int64_t> whole_header(const header_list&, std::string_view name);
/// Retry-After in seconds, at most `limit`.
std::optional<nanoseconds> retry_after_of(const client_response&, nanoseconds limit = nanoseconds(std::chrono::hours(72)));

}  // namespace drover::exchanges
