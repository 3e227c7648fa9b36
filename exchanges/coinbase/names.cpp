#include "exchanges/coinbase/names.hpp"

#include <algorithm>
#include <charconv>

#include "base/ids.hpp"

namespace drover::exchanges::coinbase {

namespace {

constexpr std::size_t hex_size = 32, dashed_size = 36;

bool is_lower_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string replace(std::string_view text, char from, char to) {
  std::string out(text);
  std::ranges::replace(out, from, to);
  return out;
}

template <class Compute>
decimal within_range(json_fields& f, Compute compute) {
  try {
    return compute();
  } catch (const decimal_overflow&) {
    f.note("a number out of range");
    return {};
  }
}

}  // namespace

std::string to_product(std::string_view symbol) {
  return replace(symbol, '/', '-');
}
std::string to_symbol(std::string_view product) {
  return replace(product, '-', '/');
}

std::string to_venue_client_id(std::string_view canonical) {
  if (canonical.size() != hex_size || !is_lower_hex(canonical)) return std::string(canonical);
  auto id = uuid::parse(canonical);
  return id ? id->to_string() : std::string(canonical);
}

std::string to_canonical_client_id(std::string_view venue) {
  if (venue.size() != dashed_size) return std::string(venue);
  auto id = uuid::parse(venue);
  return id && id->to_string() == venue ? id->to_hex() : std::string(venue);
}

wall_time read_time(json_fields& f, std::string_view key) {
  auto text = f.optional_text(key);
  if (text.empty()) return {};
  auto time = parse_rfc3339(text);
  if (!time) f.note(key);
  return time.value_or(wall_time{});
}

decimal add_within_range(json_fields& f, decimal a, decimal b) {
  return within_range(f, [&] { return a + b; });
}
decimal multiply_within_range(json_fields& f, decimal a, decimal b) {
  return within_range(f, [&] { return a * b; });
}
decimal divide_within_range(json_fields& f, decimal a, decimal b) {
  return within_range(f, [&] { return a / b; });
}

wall_time read_unix_seconds(json_fields& f, std::string_view key) {
  constexpr std::int64_t latest = 32'503'680'000;
  const auto text = f.id(key);
  std::int64_t at = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), at);
  if (failure != std::errc() || at < 0 || at > latest) {
    f.note(key);
    return {};
  }
  return wall_time{seconds(at)};
}

fill_pages gather_fills(const venue_call& call, std::vector<fill> page, bool last_page) {
  fill_pages out;
  if (call.earlier)
    if (const auto* before = std::get_if<std::vector<fill>>(call.earlier.get())) out.fills = *before;
  bool reached = last_page;
  for (auto& f : page) {
    const bool known = (!call.after.empty() && f.trade_id == call.after) || (call.since && f.at < *call.since);
    if (known) {
      reached = true;
      break;
    }
    out.fills.push_back(std::move(f));
  }
  out.whole = reached;
  if (reached) std::ranges::reverse(out.fills);
  return out;
}

}  // namespace drover::exchanges::coinbase
