#include "exchanges/paper/kraken/pairs.hpp"

#include <algorithm>
#include <array>

#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper::kraken {

namespace {

constexpr std::size_t checksum_levels = 10;

/// IEEE 802.3, reflected.
constexpr auto crc_table = [] {
  std::array<std::uint32_t, 256> out{};
  for (std::uint32_t n = 0; n < 256; ++n) {
    auto value = n;
    for (int i = 0; i < 8; ++i) value = (value >> 1) ^ ((value & 1u) != 0 ? 0xedb88320u : 0u);
    out[n] = value;
  }
  return out;
}();

/// "0.00100000" → "100000".
void append_digits(std::string& out, std::string_view number) {
  const auto start = out.size();
  for (char c : number)
    if (c != '.' && (c != '0' || out.size() > start)) out += c;
}

}  // namespace

std::string asset_name(std::string_view asset) {
  if (asset == "BTC") return "XBT";
  if (asset == "DOGE") return "XDG";
  return std::string(asset);
}

std::string asset_id(std::string_view asset) {
  constexpr std::array<std::string_view, 6> coins{"BTC", "DOGE", "ETH", "LTC", "XRP", "XLM"}, money{"USD", "EUR", "GBP", "CAD", "JPY", "AUD"};
  if (std::ranges::find(coins, asset) != coins.end()) return "X" + asset_name(asset);
  if (std::ranges::find(money, asset) != money.end()) return "Z" + std::string(asset);
  return std::string(asset);
}

std::string altname_of(const exchanges::instrument& i) { return asset_name(i.base_asset) + asset_name(i.quote_asset); }

std::string symbol_of(const simulated_venue& v, instrument_number n) { return v.engine().get_instrument(n).symbol; }

std::optional<instrument_number> find_pair(const simulated_venue& v, std::string_view name) {
  for (std::size_t k = 0; k < v.engine().instrument_count(); ++k) {
    const auto n = static_cast<instrument_number>(k);
    const auto& i = v.engine().get_instrument(n);
    if (name == altname_of(i) || name == asset_id(i.base_asset) + asset_id(i.quote_asset) || name == i.symbol ||
        name == asset_name(i.base_asset) + "/" + asset_name(i.quote_asset))
      return n;
  }
  return std::nullopt;
}

std::vector<std::string> list_assets(const simulated_venue& v) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < v.engine().asset_count(); ++i) out.push_back(v.engine().asset_name(static_cast<asset_number>(i)));
  return out;
}

std::string order_txid(order_number n) { return number_to_letters(n, 'O'); }
std::optional<order_number> order_of_txid(std::string_view txid) { return letters_to_number(txid, 'O'); }

std::string trade_txid(instrument_number n, std::int64_t trade_id) {
  constexpr std::int64_t instruments = 65'536;
  return number_to_letters(trade_id * instruments + static_cast<std::int64_t>(to_index(n)), 'T');
}

std::uint32_t book_checksum(const std::vector<book_level>& bids, const std::vector<book_level>& asks, const exchanges::instrument& i) {
  std::string text;
  for (const auto* levels : {&asks, &bids})
    for (std::size_t k = 0; k < std::min(levels->size(), checksum_levels); ++k) {
      append_digits(text, fixed((*levels)[k].price, count_places(i.tick_size)));
      append_digits(text, fixed((*levels)[k].quantity, count_places(i.lot_size)));
    }
  std::uint32_t crc = 0xffffffffu;
  for (char c : text) crc = crc_table[(crc ^ static_cast<unsigned char>(c)) & 0xffu] ^ (crc >> 8);
  return ~crc;
}

}  // namespace drover::exchanges::paper::kraken
