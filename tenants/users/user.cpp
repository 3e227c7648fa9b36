#include "tenants/users/user.hpp"

#include <algorithm>

#include "tenants/users/session.hpp"

namespace drover::tenants {
namespace {

constexpr std::size_t username_least = 3;
constexpr std::size_t username_most = 32;
constexpr std::size_t session_id_characters = 16;

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

std::string to_username(std::string typed) {
  for (auto& c : typed)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return typed;
}

bool is_session_id(std::string_view text) {
  return text.size() == session_id_characters && text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::string to_printable(std::string_view text, std::size_t limit) {
  std::string out(text.substr(0, limit));
  std::ranges::replace_if(out, [](char c) { return c < ' ' || c > '~'; }, '?');
  return out;
}

}  // namespace drover::tenants
