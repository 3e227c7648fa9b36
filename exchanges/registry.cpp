#include "exchanges/registry.hpp"

#include <algorithm>
#include <array>

#include "exchanges/binance/protocol.hpp"
#include "exchanges/bybit/protocol.hpp"
#include "exchanges/coinbase/protocol.hpp"
#include "exchanges/gate/protocol.hpp"
#include "exchanges/gate/signing.hpp"
#include "exchanges/kraken/protocol.hpp"
#include "exchanges/kucoin/protocol.hpp"
#include "exchanges/mexc/protocol.hpp"
#include "exchanges/okx/protocol.hpp"
#include "exchanges/runtime/venue_exchange.hpp"

namespace drover::exchanges {

namespace {

using made_protocol = result<std::unique_ptr<venue_protocol>>;

struct dialect {
  std::string_view name;
  made_protocol (*make)(const venue_options&);
  /// Null: each account has a private connection of its own.
  private_feed_factory make_feed = nullptr;
  /// Null: the private stream begins with it.
  std::string (*make_login)(const credentials&, const signing_context&) = nullptr;
  /// What its test network needs beside other addresses: an option and its value.
  std::pair<std::string_view, std::string_view> testnet_option{};
};

/// Whatever a venue's factory looks like: with options or without, refusing them or knowing none that is wrong.
template <auto make>
made_protocol make_any(const venue_options& options) {
  if constexpr (requires { make(options); }) {
    return make(options);
  } else {
    if (!options.empty()) return fail(errc::out_of_range, "there is no option '" + options.begin()->first + "'");
    return make();
  }
}

/// One line a venue.
constexpr std::array dialects{
    dialect{"binance", make_any<binance::make_protocol>, binance::make_private_feed},
    dialect{"bybit", make_any<bybit::make_protocol>},
    dialect{"okx", make_any<okx::make_protocol>, nullptr, nullptr, {"simulated", "1"}},
    dialect{"gate", make_any<gate::make_protocol>, nullptr, gate::make_login_frame},
    dialect{"mexc", make_any<mexc::make_protocol>},
    dialect{"kucoin", make_any<kucoin::make_protocol>},
    dialect{"coinbase", make_any<coinbase::make_advanced_protocol>},
    dialect{"coinbaseexchange", make_any<coinbase::make_exchange_protocol>},
    dialect{"kraken", make_any<kraken::make_protocol>},
};

const dialect* find_dialect(std::string_view name) {
  auto found = std::ranges::find(dialects, name, &dialect::name);
  return found == dialects.end() ? nullptr : &*found;
}

}  // namespace

std::span<const venue_traits* const> known_venues() {
  static const auto protocols = [] {
    std::array<std::unique_ptr<venue_protocol>, dialects.size()> all;
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = dialects[i].make({}).value();
    return all;
  }();
  static const auto traits = [] {
    std::array<const venue_traits*, dialects.size()> all{};
    std::ranges::transform(protocols, all.begin(), [](const auto& p) { return &p->traits(); });
    return all;
  }();
  return traits;
}

const venue_traits* find_venue(std::string_view name) {
  auto found = std::ranges::find(known_venues(), name, &venue_traits::name);
  return found == known_venues().end() ? nullptr : *found;
}

std::vector<std::string> known_dialects() {
  std::vector<std::string> names;
  for (const auto& d : dialects) names.emplace_back(d.name);
  return names;
}

result<std::unique_ptr<venue_protocol>> make_protocol(std::string_view name, const venue_options& options, venue_region region) {
  if (const auto* d = find_dialect(name)) {
    auto all = options;
    if (region == venue_region::testnet && !d->testnet_option.first.empty())
      all.emplace(d->testnet_option.first, d->testnet_option.second);
    return d->make(all);
  }
  std::string known;
  for (const auto& other : known_dialects()) known += (known.empty() ? "" : ", ") + other;
  return fail(errc::not_found, "unknown dialect \"" + std::string(name) + "\" (known: " + known + ")");
}

result<stream_login> make_stream_login(const venue_protocol& protocol, std::string_view configured, const credentials& keys,
                                       const signing_context& context) {
  const auto& traits = protocol.traits();
  if (traits.private_stream_needs_access)
    return fail(exchange_errc::unsupported, "private streams of " + std::string(traits.name) + " are opened by the token of stream_access");
  const auto wire = protocol.make_private_wire();
  wire->open();
  const auto* d = find_dialect(traits.name);
  if (d != nullptr && d->make_login != nullptr) return stream_login{wire->make_url(configured, nullptr), d->make_login(keys, context)};
  auto frames = wire->make_frames(0, keys, nullptr, context);
  if (!frames) return std::unexpected(std::move(frames.error()));
  return stream_login{wire->make_url(configured, nullptr), std::move(frames->front())};
}

result<std::unique_ptr<exchange>> make_exchange(const exchange_config& config, exchange_parts parts) {
  auto protocol = make_protocol(config.dialect, config.options, config.region);
  if (!protocol) return std::unexpected(error(protocol.error().code, "exchange " + config.name + ": " + protocol.error().detail));
  const auto make_feed = find_dialect(config.dialect)->make_feed;
  return make_venue_exchange(config, parts, std::move(*protocol), make_feed);
}

}  // namespace drover::exchanges
