#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "exchanges/paper/binance/error.hpp"

namespace drover::exchanges::paper::binance {

template <class T>
using outcome = std::expected<T, refused>;

/// The parameters of one request and the exact text that must have been signed.
class parameters {
 public:
  static constexpr std::size_t count_limit = 64;

  /// REST: query string and form body as they came; the signature covers both, one after the other, without its own
  /// parameter. -1100/-1101/-1104 for what cannot be read.
  static outcome<parameters> from_request(std::string_view query, std::string_view form);
  /// WebSocket API: the signature covers "name=value" sorted by name, joined with '&', not URL-encoded.
  static outcome<parameters> from_json(const json& object);

  /// Empty when absent.
  std::string_view text(std::string_view name) const;
  bool has(std::string_view name) const { return !text(name).empty(); }
  /// nullopt when absent; -1102/-1100 when it is not a whole number of at most 18 digits.
  outcome<std::optional<std::int64_t>> whole(std::string_view name) const;
  /// Zero when absent; -1111 for more than eight places, -1100 when it is no number, -1102 when negative.
  outcome<decimal> amount(std::string_view name) const;
  const std::string& signed_text() const { return signed_text_; }

 private:
  outcome<void> add(std::string_view part);
  std::vector<std::pair<std::string, std::string>> values_;
  std::string signed_text_;
};

}  // namespace drover::exchanges::paper::binance
