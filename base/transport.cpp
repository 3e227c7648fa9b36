#include "base/transport.hpp"

#include <algorithm>

namespace drover {
namespace {

std::string_view message_of(int value) {
  switch (static_cast<transport_errc>(value)) {
    case transport_errc::not_sent: return "nothing was sent";
    case transport_errc::no_answer: return "no answer came";
    case transport_errc::bad_answer: return "the answer could not be read";
    case transport_errc::closed: return "the connection is closed";
    case transport_errc::withheld: return "it was held back";
  }
  return "unknown";
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::error_code make_error_code(transport_errc value) {
  static const enum_category category("transport", message_of);
  return {static_cast<int>(value), category};
}

std::string_view find_header(const header_list& headers, std::string_view name) {
  for (const auto& [key, value] : headers)
    if (same_name(key, name)) return value;
  return {};
}

}  // namespace drover
