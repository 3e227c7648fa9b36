#pragma once

#include "engine/copy/copy_store.hpp"
#include "tenants/errors.hpp"

/// Sentences that both stores say.
namespace drover::engine {

inline std::unexpected<error> no_such_account() {
  return fail(tenants::tenant_errc::not_found, "account_id: there is no such account");
}
inline std::unexpected<error> no_invitation() {
  return fail(tenants::tenant_errc::not_found, "There is no such invitation");
}
inline std::unexpected<error> invitation_over() {
  return fail(copy_errc::invitation_over,
              "The invitation has expired, was revoked or is used up; ask the lead for a new one");
}
inline std::unexpected<error> room_closed(const room& r) {
  return fail(copy_errc::room_closed, "The room is closed" + (r.reason.empty() ? std::string() : ": " + r.reason));
}
inline std::unexpected<error> room_full(const room& r) {
  return fail(copy_errc::room_full,
              "The room has " + std::to_string(r.max_followers) + " followers, as many as it may have");
}
inline std::unexpected<error> already_member(const std::string& symbol) {
  return fail(copy_errc::already_member, "This account follows the room on " + symbol + " already");
}
inline std::unexpected<error> account_follows() {
  return fail(copy_errc::would_chain,
              "This account follows a room; an account that follows may not lead. Choose another account");
}
inline std::unexpected<error> account_leads() {
  return fail(copy_errc::would_chain,
              "This account leads a room; an account that leads may not follow. Choose another account");
}
inline std::unexpected<error> too_many_rooms(int limit) {
  return fail(copy_errc::too_many,
              "You lead " + std::to_string(limit) + " open rooms, as many as one user may; close one first");
}
inline std::unexpected<error> too_many_invitations(int limit) {
  return fail(copy_errc::too_many,
              "The room has " + std::to_string(limit) + " open invitations, as many as it may; revoke one first");
}

inline constexpr std::string_view follower_left = "You left the room";
inline constexpr std::string_view follower_removed = "The lead removed you from the room";
inline constexpr std::string_view follower_banned = "The follower was banned";
inline constexpr std::string_view follower_account_deleted = "The following account was deleted";
inline constexpr std::string_view follower_bot_deleted = "The following bot was deleted";
inline constexpr std::string_view lead_banned = "The lead was banned";
inline constexpr std::string_view lead_account_deleted = "The lead's account was deleted";

}  // namespace drover::engine
