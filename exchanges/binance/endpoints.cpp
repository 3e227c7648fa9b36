#include "exchanges/binance/endpoints.hpp"

#include <algorithm>

namespace drover::exchanges::binance {

namespace {

std::string with_path(std::string url, std::string_view path) {
  while (url.ends_with('/')) url.pop_back();
  if (!url.ends_with(path)) url += path;
  return url;
}

}  // namespace

std::string to_venue_symbol(std::string_view canonical) {
  std::string out(canonical);
  std::erase(out, '/');
  return out;
}

std::string market_stream_url(const exchange_config& config) { return with_path(config.stream_url, "/stream"); }
std::string ws_api_url(const exchange_config& config) { return with_path(config.ws_api_url, "/ws-api/v3"); }

}  // namespace drover::exchanges::binance
