#include "exchanges/paper/wire_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

namespace drover::exchanges::paper {

namespace {

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr int letter_bits = 5, letter_count = 16;
constexpr std::uint64_t number_mask = (std::uint64_t{1} << 62) - 1;

/// A number that looks random and can be undone: odd factor modulo 2^62, then its inverse.
constexpr std::uint64_t factor = 0x2545f4914f6cdd1dULL & number_mask;
constexpr std::uint64_t inverse_of(std::uint64_t odd) {
  std::uint64_t x = odd;
  for (int i = 0; i < 6; ++i) x *= 2 - odd * x;
  return x & number_mask;
}
constexpr std::uint64_t factor_inverse = inverse_of(factor);
static_assert(((factor * factor_inverse) & number_mask) == 1);

std::uint64_t scramble(std::int64_t number) { return (static_cast<std::uint64_t>(number) * factor) & number_mask; }
std::int64_t unscramble(std::uint64_t code) { return static_cast<std::int64_t>((code * factor_inverse) & number_mask); }

std::optional<std::uint64_t> parse_hex(std::string_view text) {
  std::uint64_t out = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out, 16);
  if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

}  // namespace

std::string to_iso_ms(wall_time t) {
  auto text = to_rfc3339(t);
  const auto point = text.find('.');
  return text.substr(0, point + 4) + "Z";
}

std::string to_epoch_seconds(wall_time t, int places) {
  const auto ns = t.since_epoch.count();
  auto text = fmt::format("{}.{:09}", ns / 1'000'000'000, ns % 1'000'000'000);
  const auto point = text.find('.');
  return text.substr(0, places == 0 ? point : point + 1 + static_cast<std::size_t>(places));
}

std::string fixed(decimal d, int places) { return d.round_to_places(places, rounding::down).to_string(places); }

int count_places(decimal step) {
  const auto text = step.to_string();
  const auto point = text.find('.');
  return point == text.npos ? 0 : static_cast<int>(text.size() - point - 1);
}

std::string quoted(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string join_list(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const auto& item : items) {
    if (out.size() > 1) out += ',';
    out += item;
  }
  return out + "]";
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

std::string number_to_uuid(std::int64_t number, std::uint32_t salt) {
  const auto code = scramble(number);
  return fmt::format("{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}", static_cast<std::uint32_t>(code >> 30), salt & 0xffff,
                     (salt >> 16) & 0xfff, 0, code & 0x3fffffff);
}

std::optional<std::int64_t> uuid_to_number(std::string_view text, std::uint32_t salt) {
  if (!is_uuid(text)) return std::nullopt;
  const auto high = parse_hex(text.substr(0, 8)), low = parse_hex(text.substr(24));
  if (!high || !low || *low > 0x3fffffff) return std::nullopt;
  const auto number = unscramble((*high << 30) | *low);
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (number_to_uuid(number, salt) != lower) return std::nullopt;
  return number;
}

std::string number_to_hex24(std::int64_t number, std::uint32_t salt) { return fmt::format("{:08x}{:016x}", salt ^ 0x65a1c3e7, scramble(number)); }

std::optional<std::int64_t> hex24_to_number(std::string_view text, std::uint32_t salt) {
  if (text.size() != 24) return std::nullopt;
  const auto code = parse_hex(text.substr(8));
  if (!code) return std::nullopt;
  const auto number = unscramble(*code & number_mask);
  if (number_to_hex24(number, salt) != text) return std::nullopt;
  return number;
}

std::string number_to_letters(std::int64_t number, char first) {
  auto code = scramble(number);
  std::array<char, letter_count> text{};
  for (auto it = text.rbegin(); it != text.rend(); ++it) {
    *it = letters[code & 31];
    code >>= letter_bits;
  }
  const std::string_view t(text.data(), text.size());
  return fmt::format("{}{}-{}-{}", first, t.substr(0, 5), t.substr(5, 5), t.substr(10));
}

std::optional<std::int64_t> letters_to_number(std::string_view text, char first) {
  if (text.size() != letter_count + 3 || text[0] != first) return std::nullopt;
  std::uint64_t code = 0;
  for (const char c : text.substr(1)) {
    if (c == '-') continue;
    const auto digit = letters.find(c);
    if (digit == letters.npos) return std::nullopt;
    code = (code << letter_bits) | digit;
  }
  const auto number = unscramble(code & number_mask);
  if (number_to_letters(number, first) != text) return std::nullopt;
  return number;
}

}  // namespace drover::exchanges::paper
