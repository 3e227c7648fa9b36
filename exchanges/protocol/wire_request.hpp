#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exchanges/protocol/rate_rule.hpp"
#include "exchanges/types.hpp"

namespace drover::exchanges {

/// Names and values in the order in which they are sent, not encoded.
class parameter_list {
 public:
  parameter_list& add(std::string_view name, std::string_view value);
  parameter_list& add(std::string_view name, const char* value) { return add(name, std::string_view(value)); }
  parameter_list& add(std::string_view name, std::int64_t value);
  parameter_list& add(std::string_view name, decimal value);
  /// Nothing when `value` is empty.
  parameter_list& add_if(std::string_view name, std::string_view value);

  bool empty() const { return items_.empty(); }
  const std::vector<std::pair<std::string, std::string>>& items() const { return items_; }
  /// "a=1&b=x%20y": RFC 3986, upper-case hex.
  std::string encoded() const;
  /// "a=1&b=x y".
  std::string plain() const;

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

/// A request before it is signed.
struct wire_request {
  /// "GET"; a literal.
  std::string_view method = "GET";
  /// Below the base address: "/api/v3/order".
  std::string path;
  /// Goes behind the "?".
  parameter_list query;
  /// Goes into the body as a form; never together with `json`.
  parameter_list form;
  std::string json;
  /// Method and path without ids: "POST /api/v3/order", as records, logs and metrics name it. A literal.
  std::string_view endpoint;
  bool is_private = false;
  std::vector<rate_charge> charges;
  std::size_t response_limit_bytes = 8 * 1024 * 1024;
};

/// What a signature needs to know besides the keys.
struct signing_context {
  /// The venue's clock.
  wall_time server_now;
  milliseconds validity_window{5'000};
  /// Greater than every one before of the same key; about the venue's milliseconds.
  std::int64_t nonce = 0;
  /// 32 lower-case hex digits from the process's random source.
  std::string random_hex;
  /// "https://api.binance.com", maybe with a path prefix, without a slash at the end.
  std::string_view base_url;
};

}  // namespace drover::exchanges
