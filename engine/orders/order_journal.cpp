#include "engine/orders/order_journal.hpp"

#include <array>
#include <utility>

namespace drover::engine {
namespace {

std::string_view message_of(int value) {
  switch (static_cast<journal_errc>(value)) {
    case journal_errc::unavailable: return "the order journal cannot be written now";
    case journal_errc::fenced: return "another engine took over the account";
    case journal_errc::internal: return "the order journal is broken";
  }
  return "unknown journal error";
}

const enum_category category("journal", message_of);

constexpr std::array<std::pair<intent_state, std::string_view>, 6> state_names{
    {{intent_state::intended, "intended"},
     {intent_state::accepted, "accepted"},
     {intent_state::unknown, "unknown"},
     {intent_state::refused, "refused"},
     {intent_state::not_placed, "not_placed"},
     {intent_state::closed, "closed"}}};

}  // namespace

std::error_code make_error_code(journal_errc value) { return {static_cast<int>(value), category}; }

std::string_view to_string(intent_state value) {
  for (const auto& [state, name] : state_names)
    if (state == value) return name;
  return "unknown";
}

std::optional<intent_state> parse_intent_state(std::string_view text) {
  for (const auto& [state, name] : state_names)
    if (name == text) return state;
  return std::nullopt;
}

bool trade_id_before(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() < b.size();
  return a < b;
}

bool is_before(const exchanges::fill_cursor& a, const exchanges::fill_cursor& b) {
  if (a.trade_id.empty() || b.trade_id.empty()) return a.trade_id.empty() && !b.trade_id.empty();
  if (a.at && b.at && *a.at != *b.at) return *a.at < *b.at;
  return trade_id_before(a.trade_id, b.trade_id);
}

}  // namespace drover::engine
