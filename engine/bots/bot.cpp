#include "engine/bots/bot.hpp"

#include <algorithm>
#include <array>

namespace drover::engine {

namespace {

constexpr std::array<std::string_view, 3> desired_names{"running", "paused", "stopped"};
constexpr std::array<std::string_view, 3> contract_names{"resume", "cancel_and_wait", "flatten"};

template <class Enum, class Names>
std::optional<Enum> find_name(const Names& names, std::string_view text) {
  const auto at = std::ranges::find(names, text);
  if (at == names.end()) return std::nullopt;
  return static_cast<Enum>(at - names.begin());
}

}  // namespace

std::string_view to_string(desired_state s) { return desired_names.at(static_cast<std::size_t>(s)); }
std::optional<desired_state> parse_desired_state(std::string_view text) { return find_name<desired_state>(desired_names, text); }

std::string_view to_string(resume_contract c) { return contract_names.at(static_cast<std::size_t>(c)); }
std::optional<resume_contract> parse_resume_contract(std::string_view text) {
  return find_name<resume_contract>(contract_names, text);
}

}  // namespace drover::engine
