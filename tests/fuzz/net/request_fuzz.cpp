#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/request_framing.hpp"

using namespace drover::net;

namespace {

/// What we accept, another reader must understand in the same way.
void compare_with_beast(std::string_view head, const request_head& ours) {
  boost::beast::http::request_parser<boost::beast::http::string_body> other;
  // How long a body may be is not said by the head.
  other.body_limit(boost::none);
  boost::system::error_code ec;
  const auto used = other.put(boost::asio::const_buffer(head.data(), head.size()), ec);
  if (ec || used != head.size()) std::abort();
  if (other.chunked() != (ours.body == body_kind::chunked)) std::abort();
  if (!other.chunked() && other.content_length().value_or(0) != ours.content_length) std::abort();
  if (other.get().method_string() != boost::beast::string_view(ours.method.data(), ours.method.size())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  head_scanner whole, piecewise;
  const auto scanned = whole.scan(bytes, {});
  auto again = piecewise.scan(bytes.substr(0, 0), {});
  for (std::size_t i = 1; i <= size && again && *again == head_scanner::progress::more; ++i)
    again = piecewise.scan(bytes.substr(0, i), {});
  if (scanned.has_value() != again.has_value()) std::abort();
  if (!scanned || *scanned != *again) return 0;
  if (*scanned == head_scanner::progress::more) return 0;
  if (whole.head_size() != piecewise.head_size()) std::abort();
  request_head head;
  const auto text = bytes.substr(0, whole.head_size());
  if (!parse_request_head(text, {}, head)) return 0;
  if (head.path.empty() || head.path.find('\0') != head.path.npos) std::abort();
  if (head.path.find("/../") != head.path.npos || head.path.ends_with("/..")) std::abort();
  compare_with_beast(text, head);
  return 0;
}
