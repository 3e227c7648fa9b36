#include "web/request.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace drover::web {

std::expected<std::int64_t, problem> request::id_parameter(std::size_t index) const {
  auto text = parameters[index];
  std::int64_t number = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  bool canonical = !text.empty() && text.front() >= '1' && text.front() <= '9';
  if (!canonical || ec != std::errc{} || end != text.data() + text.size()) return refuse(make_not_found());
  return number;
}

std::optional<std::string_view> find_bearer_token(const net::http_request& http) {
  static constexpr std::string_view scheme = "bearer ";
  auto header = find_header(http.headers, "Authorization");
  if (header.size() <= scheme.size()) return std::nullopt;
  auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  if (!std::equal(scheme.begin(), scheme.end(), header.begin(), [&](char s, char h) { return same(h, s); }))
    return std::nullopt;
  auto token = header.substr(scheme.size());
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
  if (token.empty()) return std::nullopt;
  return token;
}

net::http_response json_response(int status, std::string body) {
  net::http_response response;
  response.status = status;
  response.headers.reserve(16);
  response.headers.emplace_back("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

net::http_response empty_response(int status) {
  net::http_response response;
  response.status = status;
  return response;
}

void mark_stale(net::http_response& response) { response.headers.emplace_back("X-Stale", "true"); }

bool is_unavailable(const error& e) { return to_problem(e).status == 503; }

}  // namespace drover::web
