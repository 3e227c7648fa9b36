#include "engine/orders/entry_gate.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace drover::engine {
namespace {

using kind = halt_scope::kind;

constexpr std::array<std::pair<halt_verb, std::string_view>, 3> verbs{
    {{halt_verb::halt, "halt"}, {halt_verb::cancel, "cancel"}, {halt_verb::flatten, "flatten"}}};
constexpr std::array<std::pair<kind, std::string_view>, 5> kinds{
    {{kind::bot, "bot"}, {kind::account, "account"}, {kind::user, "user"}, {kind::exchange, "exchange"}, {kind::all, "all"}}};

/// Every scope that covers the owner.
std::array<halt_scope, 5> scopes_of(const order_owner& o) {
  return {{{kind::bot, o.bot.value},
           {kind::account, o.account.value},
           {kind::user, o.user.value},
           {kind::exchange, 0, o.exchange},
           {kind::all}}};
}

}  // namespace

std::string_view to_string(halt_verb verb) { return verbs[static_cast<std::size_t>(verb)].second; }

std::optional<halt_verb> parse_halt_verb(std::string_view text) {
  for (const auto& [verb, name] : verbs)
    if (name == text) return verb;
  return std::nullopt;
}

std::string_view to_string(kind what) { return kinds[static_cast<std::size_t>(what)].second; }

std::optional<kind> parse_halt_kind(std::string_view text) {
  for (const auto& [what, name] : kinds)
    if (name == text) return what;
  return std::nullopt;
}

std::string describe(const halt_scope& scope) {
  if (scope.what == kind::all) return "all trading";
  return std::string(to_string(scope.what)) + " " + (scope.what == kind::exchange ? scope.name : std::to_string(scope.id));
}

bool covers(const halt_scope& scope, const order_owner& owner) {
  const auto all = scopes_of(owner);
  return std::ranges::find(all, scope) != all.end();
}

void entry_gate::close(halt h) {
  open(h.key);
  auto scope = h.scope;
  halts_[std::move(scope)].push_back(std::move(h));
  ++size_;
}

void entry_gate::open(std::string_view key) {
  for (auto at = halts_.begin(); at != halts_.end();) {
    size_ -= std::erase_if(at->second, [key](const halt& h) { return h.key == key; });
    at = at->second.empty() ? halts_.erase(at) : std::next(at);
  }
}

const halt* entry_gate::find(const order_owner& owner) const {
  if (size_ == 0) return nullptr;
  const halt* strictest = nullptr;
  for (const auto& scope : scopes_of(owner)) {
    const auto at = halts_.find(scope);
    if (at == halts_.end()) continue;
    for (const auto& h : at->second)
      if (strictest == nullptr || h.verb > strictest->verb) strictest = &h;
  }
  return strictest;
}

}  // namespace drover::engine
