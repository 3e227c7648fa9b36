#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"

/// Text rules of HTTP that both servers and both clients need. Pure functions, any thread.
namespace drover::net {

/// "Not Found"; "Unknown" for a status without a registered reason.
std::string_view status_reason(int status);

using query_list = std::vector<std::pair<std::string, std::string>>;

/// Splits "a=1&b=x%20y" in order of appearance, percent-decoded, '+' read as a blank. errc::malformed for a broken
/// percent sequence or more than `limit` pairs. A name without '=' has an empty value.
result<query_list> parse_query(std::string_view query, std::size_t limit = 64);

/// ASCII only, as header names compare.
bool equals_ignoring_case(std::string_view a, std::string_view b);
/// True when the comma-separated `list` has `token`, compared without case.
bool list_has_token(std::string_view list, std::string_view token);
/// Without blanks and tabs at both ends.
std::string_view trim(std::string_view text);

/// A token of RFC 9110 §5.6.2 (methods, header names); not empty.
bool is_token(std::string_view text);
/// A header value without control characters but tab.
bool is_header_value(std::string_view text);

/// "Sat, 21 Nov 2026 10:00:00 GMT".
std::string to_http_date(wall_time);

}  // namespace drover::net
