#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace drover {

/// A database key that cannot be mistaken for another one. 0 is never a valid id.
template <class Tag>
struct strong_id {
  std::int64_t value = 0;
  constexpr strong_id() = default;
  constexpr explicit strong_id(std::int64_t v) : value(v) {}
  constexpr bool valid() const { return value > 0; }
  friend constexpr auto operator<=>(strong_id, strong_id) = default;
};

using user_id = strong_id<struct user_tag>;
/// One exchange account (a set of API credentials) of one user.
using account_id = strong_id<struct account_tag>;
/// One bot: a strategy with its parameters on one market of one account.
using bot_id = strong_id<struct bot_tag>;
/// One stored fill.
using fill_id = strong_id<struct fill_tag>;

/// 128-bit identifier; intents use it so that the client order id follows from it.
struct uuid {
  std::array<std::uint8_t, 16> bytes{};
  /// 32 lower-case hex digits: fits the client order id rules of every venue (RELIABILITY REL-02).
  std::string to_hex() const;
  /// 8-4-4-4-12 form, as PostgreSQL prints it.
  std::string to_string() const;
  /// Accepts both forms above.
  static result<uuid> parse(std::string_view text);
  friend constexpr auto operator<=>(const uuid&, const uuid&) = default;
};

class clock;
class random_source;
/// RFC 9562 version 7: milliseconds of the wall clock, then randomness; sorts by time of creation.
uuid make_uuid_v7(const clock&, random_source&);

}  // namespace drover

template <class Tag>
struct std::hash<drover::strong_id<Tag>> {
  std::size_t operator()(drover::strong_id<Tag> id) const noexcept { return std::hash<std::int64_t>{}(id.value); }
};
template <>
struct std::hash<drover::uuid> {
  std::size_t operator()(const drover::uuid& id) const noexcept {
    std::size_t h = 0;
    for (auto b : id.bytes) h = h * 131 + b;
    return h;
  }
};
