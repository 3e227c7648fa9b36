#include <array>

#include "exchanges/kraken/streams.hpp"

namespace drover::exchanges::kraken {

namespace {

constexpr std::size_t checksum_levels = 10;

/// CRC-32 of IEEE 802.3, reflected.
constexpr auto crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c & 1) != 0 ? 0xedb88320u ^ (c >> 1) : c >> 1;
    table[i] = c;
  }
  return table;
}();

std::uint32_t crc32(std::string_view text) {
  std::uint32_t c = 0xffffffffu;
  for (char byte : text) c = crc_table[(c ^ static_cast<unsigned char>(byte)) & 0xff] ^ (c >> 8);
  return c ^ 0xffffffffu;
}

/// Digits behind the point of a step: 0.001 → 3.
int places_of(decimal step) {
  const auto text = step.to_string();
  const auto point = text.find('.');
  return point == std::string::npos ? 0 : static_cast<int>(text.size() - point - 1);
}

bool append_digits(std::string& out, decimal value, decimal step, int places) {
  if (!step.is_positive() || value != value.round_to_places(places, rounding::down)) return false;
  const auto text = value.to_string(places);
  bool leading = true;
  for (char c : text) {
    if (c == '.' || (leading && c == '0')) continue;
    leading = false;
    out += c;
  }
  return true;
}

}  // namespace

std::optional<std::uint32_t> make_book_checksum(std::span<const book_level> bids, std::span<const book_level> asks,
                                                const instrument& i) {
  const int price_places = places_of(i.tick_size), quantity_places = places_of(i.lot_size);
  std::string text;
  for (auto levels : {asks, bids})
    for (const auto& level : levels.first(std::min(levels.size(), checksum_levels))) {
      if (!append_digits(text, level.price, i.tick_size, price_places)) return std::nullopt;
      if (!append_digits(text, level.quantity, i.lot_size, quantity_places)) return std::nullopt;
    }
  return crc32(text);
}

}  // namespace drover::exchanges::kraken
