#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace drover {

/// The only source of randomness. The system's one is cryptographically strong and may be used from any thread.
class random_source {
 public:
  virtual ~random_source() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;

  std::uint64_t next_u64();
  /// Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);
  /// `count` random bytes as lower-case hex.
  std::string hex(std::size_t count);
};

/// OpenSSL's generator. Throws std::runtime_error if it fails (never silently weak).
random_source& system_random();

/// Deterministic generator for simulation, tests and the paper exchange: equal seeds, equal sequences. One thread.
class seeded_random final : public random_source {
 public:
  explicit seeded_random(std::uint64_t seed);
  void fill(std::span<std::uint8_t> out) override;

 private:
  std::uint64_t state_[4];
  std::uint64_t step();
};

}  // namespace drover
