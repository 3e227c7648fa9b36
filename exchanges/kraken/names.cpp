#include "exchanges/kraken/names.hpp"

#include <algorithm>
#include <array>

namespace drover::exchanges::kraken {

namespace {

struct asset_name {
  std::string_view venue, canonical;
};
/// Kraken's oldest assets have a class letter before the name; it gives none to new ones, so the list is closed. A rule by letter
/// would cut ZETA and XION.
constexpr std::array old_names{
    asset_name{"XXBT", "BTC"},  asset_name{"XBT", "BTC"},   asset_name{"XXDG", "DOGE"}, asset_name{"XDG", "DOGE"},
    asset_name{"XETH", "ETH"},  asset_name{"XETC", "ETC"},  asset_name{"XLTC", "LTC"},  asset_name{"XXRP", "XRP"},
    asset_name{"XXLM", "XLM"},  asset_name{"XXMR", "XMR"},  asset_name{"XREP", "REP"},  asset_name{"XZEC", "ZEC"},
    asset_name{"XMLN", "MLN"},  asset_name{"XICN", "ICN"},  asset_name{"XDAO", "DAO"},  asset_name{"XXVN", "XVN"},
    asset_name{"ZUSD", "USD"},  asset_name{"ZEUR", "EUR"},  asset_name{"ZGBP", "GBP"},  asset_name{"ZCAD", "CAD"},
    asset_name{"ZJPY", "JPY"},  asset_name{"ZAUD", "AUD"},  asset_name{"ZKRW", "KRW"},
};

/// In the order of candle_interval.
constexpr std::array<std::int64_t, 6> interval_minutes{1, 5, 15, 60, 240, 1'440};

/// Quotes of pairs that were listed after the table was read, longest first.
constexpr std::array<std::string_view, 17> known_quotes{"USDT", "USDC", "PYUSD", "ZUSD", "ZEUR", "XXBT", "XETH", "USD", "EUR",
                                                        "XBT",  "ETH",  "GBP",   "CAD",  "JPY",  "AUD",  "CHF",  "DAI"};

std::string to_venue_asset(std::string_view asset) {
  if (asset == "BTC") return "XBT";
  if (asset == "DOGE") return "XDG";
  return std::string(asset);
}

bool is_class_letter(char c) { return c == 'X' || c == 'Z'; }

}  // namespace

std::string to_asset(std::string_view venue_asset) {
  for (const auto& n : old_names)
    if (n.venue == venue_asset) return std::string(n.canonical);
  return std::string(venue_asset);
}

std::string to_pair(std::string_view symbol) {
  const auto slash = symbol.find('/');
  if (slash == std::string_view::npos) return std::string(symbol);
  return to_venue_asset(symbol.substr(0, slash)) + to_venue_asset(symbol.substr(slash + 1));
}

std::string to_symbol(std::string_view pair, const instrument_table& table) {
  if (const auto slash = pair.find('/'); slash != std::string_view::npos)
    return to_asset(pair.substr(0, slash)) + "/" + to_asset(pair.substr(slash + 1));
  // "XXBTZUSD": four letters each, both with a class letter.
  if (pair.size() == 8 && is_class_letter(pair[0]) && is_class_letter(pair[4])) {
    auto symbol = to_asset(pair.substr(0, 4)) + "/" + to_asset(pair.substr(4));
    if (table.size() == 0 || table.find(symbol)) return symbol;
  }
  auto known = table.to_canonical(pair);
  if (table.find(known)) return known;
  for (auto quote : known_quotes)
    if (pair.size() > quote.size() && pair.ends_with(quote))
      return to_asset(pair.substr(0, pair.size() - quote.size())) + "/" + to_asset(quote);
  return known;
}

std::int64_t to_venue_interval(candle_interval i) { return interval_minutes[static_cast<std::size_t>(i)]; }

result<candle_interval> parse_venue_interval(std::int64_t minutes) {
  auto found = std::ranges::find(interval_minutes, minutes);
  if (found == interval_minutes.end()) return fail(errc::malformed, "interval");
  return static_cast<candle_interval>(found - interval_minutes.begin());
}

}  // namespace drover::exchanges::kraken
