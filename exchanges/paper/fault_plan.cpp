#include "exchanges/paper/fault_plan.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace drover::exchanges::paper {

namespace {

constexpr std::array<std::pair<std::string_view, fault_kind>, 13> names{{
    {"latency", fault_kind::latency},
    {"error_after_placing", fault_kind::error_after_placing},
    {"timeout_after_placing", fault_kind::timeout_after_placing},
    {"error_5xx", fault_kind::error_5xx},
    {"rate_limit", fault_kind::rate_limit},
    {"ban", fault_kind::ban},
    {"reset", fault_kind::reset},
    {"half_open", fault_kind::half_open},
    {"garbage", fault_kind::garbage},
    {"duplicate_frames", fault_kind::duplicate_frames},
    {"reorder_frames", fault_kind::reorder_frames},
    {"clock_offset", fault_kind::clock_offset},
    {"maintenance", fault_kind::maintenance},
}};

constexpr std::uint64_t whole_ppm = 1'000'000;

bool is_state(fault_kind k) { return k == fault_kind::clock_offset || k == fault_kind::maintenance; }

bool is_for_frames_only(fault_kind k) { return k == fault_kind::duplicate_frames || k == fault_kind::reorder_frames; }

bool is_for_frames(fault_kind k) {
  return is_for_frames_only(k) || k == fault_kind::reset || k == fault_kind::half_open || k == fault_kind::garbage;
}

bool is_websocket_path(std::string_view path) { return path.starts_with("/ws") || path.starts_with("/stream"); }

}  // namespace

std::optional<fault_kind> parse_fault_kind(std::string_view text) {
  auto it = std::ranges::find(names, text, &std::pair<std::string_view, fault_kind>::first);
  if (it == names.end()) return std::nullopt;
  return it->second;
}

std::string_view to_string(fault_kind kind) {
  return std::ranges::find(names, kind, &std::pair<std::string_view, fault_kind>::second)->first;
}

bool fault_plan::add(fault f) {
  if (faults_.size() == limit) return false;
  faults_.push_back(std::move(f));
  return true;
}

template <class Applies>
std::optional<fault> fault_plan::strike(Applies applies, random_source& random) {
  for (auto it = faults_.begin(); it != faults_.end(); ++it) {
    if (!applies(*it)) continue;
    if (it->probability_ppm < whole_ppm && random.below(whole_ppm) >= it->probability_ppm) continue;
    fault out = *it;
    if (it->count > 0 && --it->count == 0) faults_.erase(it);
    return out;
  }
  return std::nullopt;
}

std::optional<fault> fault_plan::strike_request(std::string_view method, std::string_view path, random_source& random) {
  if (faults_.empty()) return std::nullopt;
  return strike(
      [&](const fault& f) {
        if (is_state(f.kind) || is_for_frames_only(f.kind)) return false;
        if (is_for_frames(f.kind) && is_websocket_path(f.path)) return false;
        return path.starts_with(f.path) && (f.method.empty() || f.method == method);
      },
      random);
}

std::optional<fault_kind> fault_plan::strike_frame(std::string_view path, random_source& random) {
  if (faults_.empty()) return std::nullopt;
  auto struck = strike(
      [&](const fault& f) {
        if (!is_for_frames(f.kind) || !path.starts_with(f.path)) return false;
        return is_for_frames_only(f.kind) || is_websocket_path(f.path);
      },
      random);
  if (!struck) return std::nullopt;
  return struck->kind;
}

milliseconds fault_plan::clock_offset() const {
  auto it = std::ranges::find(faults_, fault_kind::clock_offset, &fault::kind);
  return it == faults_.end() ? milliseconds(0) : it->delay;
}

bool fault_plan::in_maintenance() const {
  return std::ranges::find(faults_, fault_kind::maintenance, &fault::kind) != faults_.end();
}

}  // namespace drover::exchanges::paper
