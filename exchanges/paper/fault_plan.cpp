#include "exchanges/paper/fault_plan.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace drover::exchanges::paper {

namespace {

constexpr std::array<std::pair<std::string_view, fault_kind>, 20> names{{
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
    {"truncated", fault_kind::truncated},
    {"html", fault_kind::html},
    {"huge_frame", fault_kind::huge_frame},
    {"invalid_utf8", fault_kind::invalid_utf8},
    {"deep_json", fault_kind::deep_json},
    {"sequence_gap", fault_kind::sequence_gap},
    {"delayed_visibility", fault_kind::delayed_visibility},
}};

constexpr std::uint64_t whole_ppm = 1'000'000;

/// Last until they are removed.
bool is_state(fault_kind k) {
  return k == fault_kind::clock_offset || k == fault_kind::maintenance || k == fault_kind::delayed_visibility;
}

bool is_for_frames_only(fault_kind k) { return k == fault_kind::duplicate_frames || k == fault_kind::reorder_frames; }

bool is_for_frames(fault_kind k) {
  return is_for_frames_only(k) || is_garbage(k) || k == fault_kind::reset || k == fault_kind::half_open || k == fault_kind::truncated;
}

bool is_of_venue(const fault& f, std::string_view venue) { return f.venue.empty() || f.venue == venue; }

constexpr std::size_t json_depth = 100'000;

}  // namespace

std::optional<fault_kind> parse_fault_kind(std::string_view text) {
  auto it = std::ranges::find(names, text, &std::pair<std::string_view, fault_kind>::first);
  if (it == names.end()) return std::nullopt;
  return it->second;
}

std::string_view to_string(fault_kind kind) {
  return std::ranges::find(names, kind, &std::pair<std::string_view, fault_kind>::second)->first;
}

bool is_garbage(fault_kind k) {
  return k == fault_kind::garbage || k == fault_kind::html || k == fault_kind::huge_frame || k == fault_kind::invalid_utf8 ||
         k == fault_kind::deep_json;
}

std::string make_garbage(const fault& f) {
  switch (f.kind) {
    case fault_kind::html:
      return "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
    case fault_kind::huge_frame: return "{\"data\":\"" + std::string(f.bytes, 'x') + "\"}";
    case fault_kind::invalid_utf8: return "{\"symbol\":\"BTC\xff\xfe\xc0\x80USDT\"}";
    case fault_kind::deep_json: return std::string(json_depth, '[') + std::string(json_depth, ']');
    default: return "{\"symbol\":\"BTCUS\x01\xff<html>";
  }
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

std::optional<fault> fault_plan::strike_request(std::string_view venue, std::string_view method, std::string_view path,
                                                random_source& random) {
  if (faults_.empty()) return std::nullopt;
  return strike(
      [&](const fault& f) {
        if (is_state(f.kind) || is_for_frames_only(f.kind) || f.kind == fault_kind::sequence_gap || f.websocket) return false;
        return is_of_venue(f, venue) && path.starts_with(f.path) && (f.method.empty() || f.method == method);
      },
      random);
}

std::optional<fault> fault_plan::strike_frame(std::string_view venue, std::string_view path, random_source& random) {
  if (faults_.empty()) return std::nullopt;
  return strike(
      [&](const fault& f) {
        if (!is_for_frames(f.kind) || !is_of_venue(f, venue) || !path.starts_with(f.path)) return false;
        return is_for_frames_only(f.kind) || f.websocket;
      },
      random);
}

bool fault_plan::strike_book(std::string_view venue, random_source& random) {
  if (faults_.empty()) return false;
  return strike([&](const fault& f) { return f.kind == fault_kind::sequence_gap && is_of_venue(f, venue); }, random).has_value();
}

milliseconds fault_plan::visibility_delay(std::string_view venue) const {
  for (const auto& f : faults_)
    if (f.kind == fault_kind::delayed_visibility && is_of_venue(f, venue)) return f.delay;
  return milliseconds(0);
}

milliseconds fault_plan::clock_offset() const {
  auto it = std::ranges::find(faults_, fault_kind::clock_offset, &fault::kind);
  return it == faults_.end() ? milliseconds(0) : it->delay;
}

bool fault_plan::in_maintenance() const {
  return std::ranges::find(faults_, fault_kind::maintenance, &fault::kind) != faults_.end();
}

}  // namespace drover::exchanges::paper
