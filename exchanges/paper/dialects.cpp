#include "exchanges/paper/dialects.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace drover::exchanges::paper {

/// Each folder defines its own; a name here needs its line in PAPER_DIALECTS of exchanges/CMakeLists.txt.
namespace binance {
std::unique_ptr<dialect> make_dialect(simulated_venue&);
}
namespace bybit {
std::unique_ptr<dialect> make_dialect(simulated_venue&);
}
namespace coinbase {
std::unique_ptr<dialect> make_advanced_dialect(simulated_venue&);
std::unique_ptr<dialect> make_exchange_dialect(simulated_venue&);
}
namespace gate {
std::unique_ptr<dialect> make_dialect(simulated_venue&);
}
namespace okx {
std::unique_ptr<dialect> make_dialect(simulated_venue&);
}
namespace mexc {
std::unique_ptr<dialect> make_dialect(simulated_venue&);
}
namespace kucoin {
std::unique_ptr<dialect> make_dialect(simulated_venue&);
}
namespace kraken {
std::unique_ptr<dialect> make_dialect(simulated_venue&);
}

namespace {

using factory = std::unique_ptr<dialect> (*)(simulated_venue&);
constexpr std::array factories{
    std::pair<std::string_view, factory>{"binance", binance::make_dialect},
    std::pair<std::string_view, factory>{"bybit", bybit::make_dialect},
    std::pair<std::string_view, factory>{"coinbase", coinbase::make_advanced_dialect},
    std::pair<std::string_view, factory>{"coinbaseexchange", coinbase::make_exchange_dialect},
    std::pair<std::string_view, factory>{"gate", gate::make_dialect},
    std::pair<std::string_view, factory>{"okx", okx::make_dialect},
    std::pair<std::string_view, factory>{"mexc", mexc::make_dialect},
    std::pair<std::string_view, factory>{"kucoin", kucoin::make_dialect},
    std::pair<std::string_view, factory>{"kraken", kraken::make_dialect},
};

}  // namespace

std::vector<std::string_view> dialect_names() {
  std::vector<std::string_view> out;
  for (const auto& [name, make] : factories) out.push_back(name);
  return out;
}

std::unique_ptr<dialect> make_dialect(std::string_view name, simulated_venue& venue) {
  auto it = std::ranges::find(factories, name, &std::pair<std::string_view, factory>::first);
  return it == factories.end() ? nullptr : it->second(venue);
}

}  // namespace drover::exchanges::paper
