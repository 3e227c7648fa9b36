#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/decimal.hpp"

namespace drover::exchanges::paper {

/// "2026-11-21T10:00:00.123Z"; microseconds: base/clock's to_rfc3339.
std::string to_iso_ms(wall_time);
/// "1732104000.123456" with that many places (0 to 9).
std::string to_epoch_seconds(wall_time, int places);
inline std::int64_t to_epoch_seconds(wall_time t) { return t.ms() / 1'000; }

/// With exactly `places` digits, cut towards zero: never throws, unlike decimal::to_string(places).
std::string fixed(decimal, int places);
/// How many places a step has: "0.00001" 5, "1" 0.
int count_places(decimal step);

/// A JSON string with its quotes.
std::string quoted(std::string_view text);
/// "[a,b,c]".
std::string join_list(const std::vector<std::string>& items);

/// Order numbers in the forms of venues, back and forth. `salt` keeps different kinds of numbers apart (orders, trades).
/// The way back answers nothing for texts that were not made by the way there.
std::string number_to_uuid(std::int64_t number, std::uint32_t salt = 0);
std::optional<std::int64_t> uuid_to_number(std::string_view uuid, std::uint32_t salt = 0);
/// 24 hex digits, as object ids are.
std::string number_to_hex24(std::int64_t number, std::uint32_t salt = 0);
std::optional<std::int64_t> hex24_to_number(std::string_view text, std::uint32_t salt = 0);
/// "OABCDE-FGHIJ-KLMNOP": `first` and 16 capital letters and digits in groups 5-5-6.
std::string number_to_letters(std::int64_t number, char first);
std::optional<std::int64_t> letters_to_number(std::string_view text, char first);
bool is_uuid(std::string_view text);

}  // namespace drover::exchanges::paper
