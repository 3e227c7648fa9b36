#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "exchanges/registry.hpp"

namespace drover::exchanges {

/// Every protocol of the registry, made once.
inline const std::vector<std::unique_ptr<venue_protocol>>& all_protocols() {
  static const auto kept = [] {
    std::vector<std::unique_ptr<venue_protocol>> out;
    for (const auto& name : known_dialects()) {
      auto made = make_protocol(name, {});
      if (made) out.push_back(std::move(*made));
    }
    return out;
  }();
  return kept;
}

/// The first bytes of the input choose; the rest is what the venue said.
class fuzz_input {
 public:
  fuzz_input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}
  std::size_t choose(std::size_t count) {
    if (rest_.empty() || count == 0) return 0;
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return byte % count;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace drover::exchanges
