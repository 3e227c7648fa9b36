#include "net/chunked_decoder.hpp"

#include <algorithm>

namespace drover::net {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

}  // namespace

chunked_decoder::progress chunked_decoder::feed(std::string_view& input, std::string& body) {
  while (!input.empty()) {
    if (state_ == state::data) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input.size()));
      body.append(input.substr(0, size));
      input.remove_prefix(size);
      remaining_ -= size;
      if (remaining_ == 0) state_ = state::data_end;
      continue;
    }
    const char c = input.front();
    input.remove_prefix(1);
    if (++overhead_bytes_ > overhead_limit_bytes + received_bytes_) return progress::malformed;
    const auto now = step(c);
    if (now != progress::more) return now;
  }
  return progress::more;
}

chunked_decoder::progress chunked_decoder::step(char c) {
  switch (state_) {
    case state::size:
      if (const int digit = hex_value(c); digit >= 0) {
        if (++digits_ > size_digits_limit) return progress::malformed;
        remaining_ = remaining_ * 16 + static_cast<std::uint64_t>(digit);
        return progress::more;
      }
      if (digits_ == 0 || (c != ';' && c != '\r')) return progress::malformed;
      state_ = c == ';' ? state::extension : state::size_end;
      return progress::more;
    case state::extension:
      if (c == '\r') state_ = state::size_end;
      else if (is_control(c)) return progress::malformed;
      return progress::more;
    case state::size_end:
      return c == '\n' ? end_size_line() : progress::malformed;
    case state::data_end:
      state_ = state::data_end_lf;
      return c == '\r' ? progress::more : progress::malformed;
    case state::data_end_lf:
      state_ = state::size;
      digits_ = 0;
      return c == '\n' ? progress::more : progress::malformed;
    case state::trailer_start:
      if (c == ' ' || c == '\t' || c == ':') return progress::malformed;
      if (c != '\r' && is_control(c)) return progress::malformed;
      state_ = c == '\r' ? state::last_lf : state::trailer;
      return progress::more;
    case state::trailer:
      if (c == '\r') state_ = state::trailer_end;
      else if (is_control(c)) return progress::malformed;
      return progress::more;
    case state::trailer_end:
      state_ = state::trailer_start;
      return c == '\n' ? progress::more : progress::malformed;
    case state::last_lf:
      return c == '\n' ? progress::done : progress::malformed;
    case state::data:
      break;
  }
  return progress::malformed;
}

chunked_decoder::progress chunked_decoder::end_size_line() {
  if (remaining_ == 0) {
    state_ = state::trailer_start;
    return progress::more;
  }
  if (remaining_ > body_limit_bytes_ - received_bytes_) return progress::too_large;
  received_bytes_ += static_cast<std::size_t>(remaining_);
  state_ = state::data;
  return progress::more;
}

}  // namespace drover::net
