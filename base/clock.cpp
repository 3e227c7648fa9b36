#include "base/clock.hpp"

#include <charconv>
#include <optional>

namespace drover {
namespace {

class operating_system_clock final : public clock {
 public:
  steady_time now() const override { return {std::chrono::steady_clock::now() - start_}; }
  wall_time wall_now() const override { return {std::chrono::system_clock::now().time_since_epoch()}; }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Takes `count` digits off the front of `text`.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + count, value);
  if (problem != std::errc{} || end != text.data() + count || text[0] == '-') return std::nullopt;
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, std::string_view one_of) {
  if (text.empty() || one_of.find(text[0]) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// What 64 bits of nanoseconds around 1970 hold in full.
constexpr int first_year = 1678, last_year = 2261;

std::unexpected<error> malformed() { return fail(errc::malformed, "not an RFC 3339 time"); }
std::unexpected<error> out_of_years() { return fail(errc::out_of_range, "the year must be from 1678 to 2261"); }

/// ".123456789" or nothing.
result<nanoseconds> take_fraction(std::string_view& text) {
  if (!take(text, ".")) return nanoseconds{0};
  std::int64_t value = 0;
  int digits = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), ++digits)
    if (digits < 9) value = value * 10 + (text[0] - '0');
  if (digits == 0) return malformed();
  for (; digits < 9; ++digits) value *= 10;
  return nanoseconds{value};
}

/// "Z", "+02", "+02:00".
result<nanoseconds> take_offset(std::string_view& text) {
  if (take(text, "Zz")) return nanoseconds{0};
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return malformed();
  const bool west = text[0] == '-';
  text.remove_prefix(1);
  const auto hours = take_digits(text, 2);
  if (!hours || *hours > 23) return malformed();
  int minutes = 0;
  if (take(text, ":")) {
    const auto read = take_digits(text, 2);
    if (!read || *read > 59) return malformed();
    minutes = *read;
  }
  const auto offset = std::chrono::hours(*hours) + std::chrono::minutes(minutes);
  return west ? -nanoseconds(offset) : nanoseconds(offset);
}

/// Writes `value` over the `count` characters at `at`; hot, for every answer shows times.
void put_digits(std::string& text, std::size_t at, std::size_t count, std::int64_t value) {
  for (auto i = at + count; i-- > at; value /= 10) text[i] = static_cast<char>('0' + value % 10);
}

}  // namespace

std::string to_rfc3339(wall_time at) {
  using namespace std::chrono;
  const auto whole_days = floor<days>(at.since_epoch);
  const year_month_day date{sys_days{whole_days}};
  const hh_mm_ss time{floor<microseconds>(at.since_epoch - whole_days)};
  std::string text = "0000-00-00T00:00:00.000000Z";
  put_digits(text, 0, 4, static_cast<int>(date.year()));
  put_digits(text, 5, 2, static_cast<unsigned>(date.month()));
  put_digits(text, 8, 2, static_cast<unsigned>(date.day()));
  put_digits(text, 11, 2, time.hours().count());
  put_digits(text, 14, 2, time.minutes().count());
  put_digits(text, 17, 2, time.seconds().count());
  put_digits(text, 20, 6, time.subseconds().count());
  return text;
}

result<wall_time> parse_rfc3339(std::string_view text) {
  const auto year = take_digits(text, 4);
  const bool dash = take(text, "-");
  const auto month = take_digits(text, 2);
  const bool dash_again = take(text, "-");
  const auto day = take_digits(text, 2);
  const bool separator = take(text, "Tt ");
  const auto hour = take_digits(text, 2);
  const bool colon = take(text, ":");
  const auto minute = take_digits(text, 2);
  const bool colon_again = take(text, ":");
  const auto second = take_digits(text, 2);
  if (!year || !month || !day || !hour || !minute || !second || !dash || !dash_again || !separator || !colon || !colon_again)
    return malformed();
  using namespace std::chrono;
  const year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                            std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return malformed();
  if (*year < first_year || *year > last_year) return out_of_years();
  auto fraction = take_fraction(text);
  if (!fraction) return std::unexpected(fraction.error());
  auto offset = take_offset(text);
  if (!offset) return std::unexpected(offset.error());
  if (!text.empty()) return malformed();
  const auto time = hours(*hour) + minutes(*minute) + std::chrono::seconds(*second);
  const wall_time at{sys_days(date).time_since_epoch() + nanoseconds(time) + *fraction - *offset};
  // An offset or a leap second may lead out of the years.
  const auto written = static_cast<int>(year_month_day{sys_days{floor<days>(at.since_epoch)}}.year());
  if (written < first_year || written > last_year) return out_of_years();
  return at;
}

const clock& system_clock() {
  static const operating_system_clock instance;
  return instance;
}

}  // namespace drover
