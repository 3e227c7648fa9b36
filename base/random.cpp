#include "base/random.hpp"

#include <openssl/rand.h>

#include <array>
#include <bit>
#include <cstring>
#include <stdexcept>

#include "base/encoding.hpp"

namespace drover {
namespace {

class operating_system_random final : public random_source {
 public:
  void fill(std::span<std::uint8_t> out) override {
    if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1)
      throw std::runtime_error("the system's random generator failed");
  }
};

/// SplitMix64 (Steele, Lea, Flood 2014): spreads a seed over a state.
std::uint64_t split_mix(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

}  // namespace

std::uint64_t random_source::next_u64() {
  std::array<std::uint8_t, 8> bytes;
  fill(bytes);
  return std::bit_cast<std::uint64_t>(bytes);
}

std::uint64_t random_source::below(std::uint64_t bound) {
  if (bound == 0) throw std::invalid_argument("the bound must be positive");
  // Numbers below `least` would make the first residues more likely: draw again.
  const std::uint64_t least = (0 - bound) % bound;
  for (;;) {
    const std::uint64_t drawn = next_u64();
    if (drawn >= least) return drawn % bound;
  }
}

std::string random_source::hex(std::size_t count) {
  std::string bytes(count, '\0');
  fill({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  return to_hex(bytes);
}

random_source& system_random() {
  static operating_system_random instance;
  return instance;
}

seeded_random::seeded_random(std::uint64_t seed) {
  for (auto& word : state_) word = split_mix(seed);
}

/// xoshiro256** (Blackman, Vigna 2018).
std::uint64_t seeded_random::step() {
  const std::uint64_t out = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return out;
}

void seeded_random::fill(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const std::uint64_t word = step();
    const std::size_t taken = std::min(out.size(), sizeof word);
    std::memcpy(out.data(), &word, taken);
    out = out.subspan(taken);
  }
}

}  // namespace drover
