#include "web/origins.hpp"

#include <algorithm>
#include <cctype>

namespace drover::web {

namespace {

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::string_view find_allowed_origin(const net::http_request& http, const std::vector<std::string>& allowed_origins) {
  auto origin = find_header(http.headers, "Origin");
  if (origin.empty() || origin == "null") return {};
  return std::find(allowed_origins.begin(), allowed_origins.end(), origin) == allowed_origins.end() ? std::string_view()
                                                                                                    : origin;
}

bool may_open_socket(const net::http_request& http, const std::vector<std::string>& allowed_origins) {
  auto origin = find_header(http.headers, "Origin");
  if (origin.empty() || !find_allowed_origin(http, allowed_origins).empty()) return true;
  auto scheme_end = origin.find("://");
  if (scheme_end == std::string_view::npos) return false;
  return equal_ignoring_case(origin.substr(scheme_end + 3), find_header(http.headers, "Host"));
}

}  // namespace drover::web
