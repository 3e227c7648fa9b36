#include "tenants/users/user.hpp"

#include <algorithm>

namespace drover::tenants {
namespace {

constexpr std::size_t username_least = 3;
constexpr std::size_t username_most = 32;

bool is_username_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

}  // namespace

std::string_view to_string(role r) {
  return r == role::admin ? "admin" : "tenant";
}
std::string_view to_string(user_status s) {
  return s == user_status::banned ? "banned" : "active";
}

bool is_username(std::string_view text) {
  return text.size() >= username_least && text.size() <= username_most &&
         std::ranges::all_of(text, is_username_character);
}

}  // namespace drover::tenants
