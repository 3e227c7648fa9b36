#include "net/response_reader.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <iterator>
#include <optional>
#include <string>

#include "net/http_text.hpp"

namespace drover::net {

namespace http = boost::beast::http;
using boost::system::error_code;
using parser = http::response_parser<http::string_body>;

namespace {

constexpr std::uint32_t header_limit_bytes = 32 * 1024;
/// 100 Continue, 103 Early Hints: more than a few is not an answer any more.
constexpr int interim_limit = 8;

std::string_view to_std(boost::beast::string_view text) { return {text.data(), text.size()}; }

/// What Beast lets pass although two readers could differ about it.
result<void> check_framing(const http::fields& fields) {
  const auto encodings = fields.count(http::field::transfer_encoding);
  const auto lengths = fields.count(http::field::content_length);
  if (encodings > 1 || lengths > 1 || (encodings > 0 && lengths > 0))
    return fail(transport_errc::bad_answer, "the answer's framing headers contradict each other");
  if (encodings == 1 && !equals_ignoring_case(to_std(fields[http::field::transfer_encoding]), "chunked"))
    return fail(transport_errc::bad_answer, "the answer has an unknown transfer encoding");
  return {};
}

}  // namespace

struct response_reader::state {
  state(bool head, std::size_t limit) : head_request(head), limit_bytes(limit) { renew(); }
  void renew() {
    parsing.emplace();
    parsing->header_limit(header_limit_bytes);
    parsing->body_limit(limit_bytes);
    parsing->eager(true);
    parsing->skip(head_request);
    header_checked = false;
  }

  bool head_request;
  std::size_t limit_bytes;
  std::optional<parser> parsing;
  /// A header, or a line of chunk framing, that is not whole yet.
  std::string pending;
  int interims = 0;
  bool header_checked = false;
};

response_reader::response_reader(bool head_request, std::size_t response_limit_bytes)
    : state_(std::make_unique<state>(head_request, response_limit_bytes)) {}
response_reader::~response_reader() = default;

result<response_reader::progress> response_reader::feed(std::string_view bytes) {
  auto& s = *state_;
  s.pending.append(bytes);
  while (true) {
    error_code ec;
    const auto used = s.parsing->put(boost::asio::const_buffer(s.pending.data(), s.pending.size()), ec);
    s.pending.erase(0, used);
    if (ec && ec != http::error::need_more)
      return fail(transport_errc::bad_answer, "the answer is not valid HTTP: " + ec.message());
    if (!s.parsing->is_header_done()) return progress::more;
    if (!s.header_checked) {
      s.header_checked = true;
      if (auto checked = check_framing(s.parsing->get()); !checked) return std::unexpected(checked.error());
    }
    const auto status = s.parsing->get().result_int();
    if (!s.parsing->is_done()) {
      if (ec == http::error::need_more || used == 0 || s.pending.empty()) return progress::more;
      continue;
    }
    if (status >= 200 || status == 101) return progress::done;
    if (++s.interims > interim_limit) return fail(transport_errc::bad_answer, "too many interim answers");
    s.renew();
    if (s.pending.empty()) return progress::more;
  }
}

bool response_reader::end_of_stream() {
  auto& s = *state_;
  if (!s.pending.empty() || !s.parsing->is_header_done() || !s.parsing->need_eof()) return false;
  error_code ec;
  s.parsing->put_eof(ec);
  return !ec && s.parsing->is_done();
}

bool response_reader::is_connection_reusable() const {
  return state_->pending.empty() && state_->parsing->keep_alive() && state_->parsing->get().result_int() != 101;
}

client_response response_reader::take() {
  auto message = state_->parsing->release();
  client_response response;
  response.status = static_cast<int>(message.result_int());
  response.headers.reserve(static_cast<std::size_t>(std::distance(message.begin(), message.end())));
  for (const auto& field : message) response.headers.emplace_back(to_std(field.name_string()), to_std(field.value()));
  response.body = std::move(message.body());
  return response;
}

}  // namespace drover::net
