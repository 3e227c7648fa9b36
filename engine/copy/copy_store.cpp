#include "engine/copy/copy_store.hpp"

namespace drover::engine {

namespace {

std::string_view message_of(int value) {
  switch (static_cast<copy_errc>(value)) {
    case copy_errc::room_closed:
      return "the room is closed";
    case copy_errc::room_full:
      return "the room is full";
    case copy_errc::invitation_over:
      return "the invitation is over";
    case copy_errc::already_member:
      return "the account follows already";
    case copy_errc::would_chain:
      return "an account may not lead and follow";
    case copy_errc::too_many:
      return "no more of these are allowed";
  }
  return "unknown error of copy trading";
}

const enum_category category("copy", message_of);

}  // namespace

std::error_code make_error_code(copy_errc value) {
  return {static_cast<int>(value), category};
}

}  // namespace drover::engine
