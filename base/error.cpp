#include "base/error.hpp"

namespace drover {
namespace {

std::string_view message_of(int value) {
  switch (static_cast<errc>(value)) {
    case errc::malformed: return "malformed";
    case errc::out_of_range: return "out of range";
    case errc::timed_out: return "timed out";
    case errc::cancelled: return "cancelled";
    case errc::overloaded: return "too much is waiting";
    case errc::not_found: return "not found";
    case errc::io: return "input or output failed";
  }
  return "unknown";
}

}  // namespace

std::error_code make_error_code(errc value) {
  static const enum_category category("drover", message_of);
  return {static_cast<int>(value), category};
}

std::string error::to_string() const {
  std::string text = std::string(code.category().name()) + ": " + code.message();
  return detail.empty() ? text : text + ": " + detail;
}

}  // namespace drover
