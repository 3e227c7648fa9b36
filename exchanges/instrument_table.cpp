#include "exchanges/instrument_table.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace drover::exchanges {

instrument_table::instrument_table(std::vector<instrument> instruments) {
  std::set<std::string> quotes;
  for (auto& i : instruments) {
    canonical_.emplace(i.venue_symbol, i.symbol);
    quotes.insert(i.quote_asset);
    auto symbol = i.symbol;
    by_symbol_.emplace(std::move(symbol), std::make_shared<const instrument>(std::move(i)));
  }
  quotes_.assign(quotes.begin(), quotes.end());
  std::ranges::sort(quotes_, [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::shared_ptr<const instrument> instrument_table::find(const std::string& symbol) const {
  auto found = by_symbol_.find(symbol);
  return found == by_symbol_.end() ? nullptr : found->second;
}

std::string instrument_table::to_canonical(std::string_view venue_symbol) const {
  std::string name(venue_symbol);
  if (auto found = canonical_.find(name); found != canonical_.end()) return found->second;
  for (const auto& quote : quotes_)
    if (name.size() > quote.size() && name.ends_with(quote))
      return name.substr(0, name.size() - quote.size()) + "/" + quote;
  return name;
}

}  // namespace drover::exchanges
