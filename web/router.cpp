#include "web/router.hpp"

#include <algorithm>
#include <stdexcept>

namespace drover::web {

namespace {

/// Cuts the first segment off a path that starts with '/'.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  auto segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

}  // namespace

router::router(std::span<const route> routes) : nodes_(1) {
  for (const auto& r : routes) add(r);
}

void router::add(const route& r) {
  std::size_t at = 0;
  for (auto path = r.pattern; !path.empty();) {
    auto segment = take_segment(path);
    std::size_t next = nodes_.size();
    if (segment.starts_with('{')) {
      if (nodes_[at].parameter) next = nodes_[at].parameter;
      nodes_[at].parameter = next;
    } else {
      auto& literals = nodes_[at].literals;
      auto known = std::find_if(literals.begin(), literals.end(), [&](const auto& l) { return l.first == segment; });
      if (known != literals.end())
        next = known->second;
      else
        literals.emplace_back(segment, next);
    }
    if (next == nodes_.size()) nodes_.emplace_back();
    at = next;
  }
  for (const auto* other : nodes_[at].routes)
    if (other->method == r.method) throw std::logic_error("two routes for " + std::string(r.pattern));
  nodes_[at].routes.push_back(&r);
}

std::size_t router::step(std::size_t from, std::string_view segment, outcome& result, std::size_t& count) const {
  const auto& n = nodes_[from];
  for (const auto& [literal, next] : n.literals)
    if (literal == segment) return next;
  if (!n.parameter || segment.empty() || count == result.parameters.size()) return 0;
  result.parameters[count++] = segment;
  return n.parameter;
}

router::outcome router::find(std::string_view method, std::string_view path) const {
  outcome result;
  if (path.empty() || path.front() != '/') return result;
  if (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  std::size_t at = 0, parameter_count = 0;
  while (!path.empty()) {
    auto segment = take_segment(path);
    at = step(at, segment, result, parameter_count);
    if (at == 0) return result;
  }
  if (method == "HEAD") method = "GET";
  result.alternatives = nodes_[at].routes;
  result.path_known = !result.alternatives.empty();
  for (const auto* r : result.alternatives)
    if (r->method == method) result.found = r;
  return result;
}

std::string router::outcome::allow() const {
  std::string text;
  for (const auto* r : alternatives) {
    if (!text.empty()) text += ", ";
    text += r->method;
    if (r->method == "GET") text += ", HEAD";
  }
  return text;
}

}  // namespace drover::web
