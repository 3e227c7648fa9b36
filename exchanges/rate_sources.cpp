#include "exchanges/rate_sources.hpp"

#include <cstdint>

namespace drover::exchanges {

namespace {

/// FNV-1a, then the finalizer of MurmurHash3: equal on every machine, unlike std::hash.
std::uint64_t weigh(std::string_view address, std::string_view account) {
  std::uint64_t h = 0xcbf29ce484222325;
  auto add = [&h](std::string_view text) {
    for (auto c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  };
  add(address);
  add(std::string_view("\0", 1));
  add(account);
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccd;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53;
  return h ^ (h >> 33);
}

}  // namespace

std::size_t pick_source(std::span<const std::string> addresses, std::string_view account) {
  std::size_t best = 0;
  std::uint64_t heaviest = 0;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    auto h = weigh(addresses[i], account);
    if (i > 0 && h <= heaviest) continue;
    best = i;
    heaviest = h;
  }
  return best;
}

}  // namespace drover::exchanges
