#include "tenants/proposals/proposal.hpp"

#include <array>

#include "base/encoding.hpp"
#include "crypto/mac.hpp"
#include "tenants/errors.hpp"

namespace drover::tenants {
namespace {

constexpr std::array kind_names{std::string_view("withdraw_waiver"), std::string_view("end_lockdown"),
                                std::string_view("grant_admin"), std::string_view("rotate_master_key")};
constexpr std::array state_names{std::string_view("open"), std::string_view("confirmed"), std::string_view("done"),
                                 std::string_view("withdrawn")};

template <class Enum, std::size_t Size>
std::optional<Enum> find_name(const std::array<std::string_view, Size>& names, std::string_view text) {
  for (std::size_t i = 0; i < Size; ++i)
    if (names[i] == text) return static_cast<Enum>(i);
  return std::nullopt;
}

std::string name_of(const proposal& p) {
  return "proposal " + std::to_string(p.id);
}

std::unexpected<error> refuse(const proposal& p, const std::string& what) {
  return fail(tenant_errc::already_decided, name_of(p) + " " + what);
}

}  // namespace

std::string_view to_string(proposal_kind k) {
  return kind_names[static_cast<std::size_t>(k)];
}
std::string_view to_string(proposal_state s) {
  return state_names[static_cast<std::size_t>(s)];
}
std::optional<proposal_kind> parse_proposal_kind(std::string_view text) {
  return find_name<proposal_kind>(kind_names, text);
}
std::optional<proposal_state> parse_proposal_state(std::string_view text) {
  return find_name<proposal_state>(state_names, text);
}

std::string digest_of(std::string_view content) {
  return to_hex(crypto::sha256(content));
}

result<void> check_confirmation(const proposal& p, user_id by, const std::string& digest, wall_time now) {
  if (p.proposed_by == by)
    return fail(tenant_errc::own_proposal, name_of(p) + " is your own; another administrator must confirm it");
  if (p.state == proposal_state::done) return refuse(p, "was confirmed and carried out already");
  if (p.state == proposal_state::withdrawn) return refuse(p, "was withdrawn");
  if (p.expires_at <= now) return refuse(p, "is over; propose it again");
  if (p.state == proposal_state::confirmed && p.decided_by != by) return refuse(p, "was confirmed already");
  if (p.digest != digest) return refuse(p, "is not what you reviewed; read it again and confirm its digest");
  return {};
}

result<void> check_withdrawal(const proposal& p, wall_time now) {
  if (p.state == proposal_state::open && p.expires_at > now) return {};
  return refuse(
      p, p.state == proposal_state::open ? "is over already" : "is " + std::string(to_string(p.state)) + " already");
}

}  // namespace drover::tenants
