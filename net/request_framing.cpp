#include "net/request_framing.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/encoding.hpp"
#include "net/http_text.hpp"
#include "net/utf8_validator.hpp"

namespace drover::net {

namespace {

using outcome = std::expected<void, framing_failure>;

constexpr std::size_t method_limit_bytes = 16;
/// Method, version and blanks around a target.
constexpr std::size_t request_line_overhead_bytes = method_limit_bytes + 16;
constexpr std::size_t length_digits_limit = 18;

std::unexpected<framing_failure> refuse(std::string_view detail, int status = 400) {
  return std::unexpected(framing_failure{status, detail});
}

bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_path_character(char c) { return is_alnum(c) || (c != 0 && std::strchr("-._~!$&'()*+,;=:@/", c) != nullptr); }

/// host [":" port] without user information; brackets for IPv6.
bool is_authority(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alnum(c) || (c != 0 && std::strchr("-._~:[]", c) != nullptr);
  });
}

bool is_token_list(std::string_view list) {
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    const auto element = trim(list.substr(0, end));
    if (!element.empty() && !is_token(element)) return false;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return true;
}

bool has_dot_segment(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    const auto segment = path.substr(0, end);
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(end);
  }
  return false;
}

outcome decode_path(std::string_view raw, std::string& path) {
  path.clear();
  path.reserve(raw.size());
  bool decoded = false;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (c == '%') {
      if (i + 2 >= raw.size()) return refuse("the path has a broken percent sequence");
      const int high = hex_value(raw[i + 1]), low = hex_value(raw[i + 2]);
      if (high < 0 || low < 0) return refuse("the path has a broken percent sequence");
      c = static_cast<char>(high * 16 + low);
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return refuse("the path has a control character");
      if (c == '\\') return refuse("the path has a backslash");
      decoded = true;
      i += 2;
    } else if (!is_path_character(c)) {
      return refuse("the path has a character that must be percent-encoded");
    }
    path += c;
  }
  if (decoded && !is_utf8(path)) return refuse("the path is not UTF-8");
  if (has_dot_segment(path)) return refuse("the path has a '.' or '..' segment");
  return {};
}

outcome check_query(std::string_view query) {
  for (std::size_t i = 0; i < query.size(); ++i) {
    if (query[i] == '#') return refuse("the target has a fragment");
    if (query[i] != '%') continue;
    if (i + 2 >= query.size() || hex_value(query[i + 1]) < 0 || hex_value(query[i + 2]) < 0)
      return refuse("the query has a broken percent sequence");
    if (query[i + 1] == '0' && query[i + 2] == '0') return refuse("the query has a NUL");
  }
  return {};
}

/// `authority` is filled for the absolute form.
outcome parse_target(std::string_view target, request_head& out, std::string_view& authority) {
  if (target == "*" && out.method == "OPTIONS") {
    out.path = "*";
    return {};
  }
  for (const unsigned char c : target)
    if (c <= 0x20 || c >= 0x7f) return refuse("the target has a control or non-ASCII character");
  if (target.size() >= 7 && equals_ignoring_case(target.substr(0, 7), "http://")) {
    target.remove_prefix(7);
  } else if (target.size() >= 8 && equals_ignoring_case(target.substr(0, 8), "https://")) {
    target.remove_prefix(8);
  } else if (target.empty() || target.front() != '/') {
    return refuse("the target must start with '/'");
  }
  if (target.empty() || target.front() != '/') {
    authority = target.substr(0, std::min(target.find_first_of("/?"), target.size()));
    if (!is_authority(authority)) return refuse("the target names a malformed host");
    target.remove_prefix(authority.size());
    if (target.empty() || target.front() != '/') return refuse("the target needs a path");
  }
  const auto mark = std::min(target.find('?'), target.size());
  out.query = target.substr(std::min(mark + 1, target.size()));
  if (auto checked = check_query(out.query); !checked) return checked;
  return decode_path(target.substr(0, mark), out.path);
}

outcome parse_request_line(std::string_view line, const framing_limits& limits, request_head& out,
                           std::string_view& authority, bool& version_1_0) {
  const auto first = line.find(' ');
  if (first == line.npos) return refuse("the request line needs method, target and version");
  const auto second = line.find(' ', first + 1);
  if (second == line.npos || line.find(' ', second + 1) != line.npos)
    return refuse("the request line needs method, target and version");
  out.method = line.substr(0, first);
  if (out.method.size() > method_limit_bytes || !is_token(out.method)) return refuse("the method is malformed");
  const auto version = line.substr(second + 1);
  if (version.size() != 8 || version.substr(0, 5) != "HTTP/" || version[6] != '.')
    return refuse("the HTTP version is malformed");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return refuse("only HTTP/1.1 and 1.0 are spoken", 505);
  version_1_0 = version.back() == '0';
  const auto target = line.substr(first + 1, second - first - 1);
  if (target.size() > limits.target_bytes) return refuse("the target is too long", 414);
  return parse_target(target, out, authority);
}

/// What the framing headers of one request said, to be judged together.
struct framing_headers {
  int hosts = 0, lengths = 0, encodings = 0, keys = 0, versions = 0;
  std::string_view host, length, encoding, version;
  bool upgrade_to_websocket = false, connection_close = false, connection_upgrade = false;
};

outcome note_header(const request_head::field& field, framing_headers& seen, request_head& out) {
  const auto is = [&](std::string_view name) { return equals_ignoring_case(field.name, name); };
  switch (field.name.size()) {
    case 4:
      if (is("Host")) ++seen.hosts, seen.host = field.value;
      break;
    case 6:
      if (!is("Expect")) break;
      if (!equals_ignoring_case(field.value, "100-continue")) return refuse("the expectation is unknown");
      out.expects_continue = true;
      break;
    case 7:
      if (is("Upgrade") && list_has_token(field.value, "websocket")) seen.upgrade_to_websocket = true;
      break;
    case 10:
      if (!is("Connection")) break;
      if (!is_token_list(field.value)) return refuse("the Connection header is malformed");
      if (list_has_token(field.value, "close")) seen.connection_close = true;
      if (list_has_token(field.value, "upgrade")) seen.connection_upgrade = true;
      break;
    case 14:
      if (is("Content-Length")) ++seen.lengths, seen.length = field.value;
      break;
    case 17:
      if (is("Transfer-Encoding")) ++seen.encodings, seen.encoding = field.value;
      if (is("Sec-WebSocket-Key")) ++seen.keys, out.websocket_key = field.value;
      break;
    case 21:
      if (is("Sec-WebSocket-Version")) ++seen.versions, seen.version = field.value;
      break;
    default:
      break;
  }
  return {};
}

outcome parse_field(std::string_view line, request_head::field& field) {
  if (line.empty()) return refuse("the header has an empty line");
  if (line.front() == ' ' || line.front() == '\t') return refuse("header lines must not be folded");
  const auto colon = line.find(':');
  if (colon == line.npos) return refuse("a header line has no colon");
  field.name = line.substr(0, colon);
  if (!is_token(field.name)) return refuse("a header name is malformed");
  field.value = trim(line.substr(colon + 1));
  if (!is_header_value(field.value)) return refuse("a header value has a control character");
  if (!is_utf8(field.value)) return refuse("a header value is not UTF-8");
  return {};
}

outcome decide_body(const framing_headers& seen, bool version_1_0, request_head& out) {
  if (seen.encodings > 0) {
    if (version_1_0) return refuse("HTTP/1.0 has no Transfer-Encoding");
    if (seen.lengths > 0) return refuse("Transfer-Encoding and Content-Length exclude each other");
    if (seen.encodings > 1 || !equals_ignoring_case(seen.encoding, "chunked"))
      return refuse("Transfer-Encoding must be exactly 'chunked'");
    out.body = body_kind::chunked;
    return {};
  }
  if (seen.lengths == 0) return {};
  if (seen.lengths > 1) return refuse("Content-Length must come once");
  if (seen.length.empty() || !std::all_of(seen.length.begin(), seen.length.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return refuse("Content-Length must be a number");
  if (seen.length.size() > length_digits_limit) return refuse("the body is too large", 413);
  for (const char c : seen.length) out.content_length = out.content_length * 10 + static_cast<std::uint64_t>(c - '0');
  if (out.content_length > 0) out.body = body_kind::sized;
  return {};
}

outcome decide_websocket(const framing_headers& seen, bool version_1_0, request_head& out) {
  if (!seen.upgrade_to_websocket || !seen.connection_upgrade || version_1_0) return {};
  if (out.method != "GET" || out.body != body_kind::none) return refuse("a WebSocket handshake is a GET without body");
  if (seen.versions != 1 || seen.version != "13") return refuse("only WebSocket version 13 is spoken", 426);
  const auto key = from_base64(out.websocket_key);
  if (seen.keys != 1 || !key || key->size() != 16) return refuse("Sec-WebSocket-Key must be 16 bytes in base64");
  out.wants_websocket = true;
  return {};
}

outcome parse_fields(std::string_view rest, const framing_limits& limits, request_head& out, framing_headers& seen) {
  while (rest.size() > 2) {
    const auto end = rest.find("\r\n");
    if (static_cast<int>(out.fields.size()) == limits.fields) return refuse("too many header fields", 431);
    auto& field = out.fields.emplace_back();
    if (auto parsed = parse_field(rest.substr(0, end), field); !parsed) return parsed;
    if (auto noted = note_header(field, seen, out); !noted) return noted;
    rest.remove_prefix(end + 2);
  }
  return {};
}

void reset(request_head& out) {
  out.fields.clear();
  out.query = out.websocket_key = {};
  out.body = body_kind::none;
  out.content_length = 0;
  out.expects_continue = out.wants_websocket = false;
}

}  // namespace

std::expected<head_scanner::progress, framing_failure> head_scanner::scan(std::string_view buffer,
                                                                          const framing_limits& limits) {
  if (!buffer.empty() && !is_token(buffer.substr(0, 1))) return refuse("this is not an HTTP request");
  while (seen_ < buffer.size()) {
    const auto line_feed = buffer.find('\n', seen_);
    if (line_feed == buffer.npos) break;
    if (line_feed == 0 || buffer[line_feed - 1] != '\r') return refuse("lines must end with CR LF");
    const auto size = line_feed - 1 - line_start_;
    if (!have_request_line_ && size > limits.target_bytes + request_line_overhead_bytes)
      return refuse("the target is too long", 414);
    have_request_line_ = true;
    seen_ = line_start_ = line_feed + 1;
    if (seen_ > limits.head_bytes) return refuse("the header is too large", 431);
    if (size == 0) return progress::complete;
  }
  seen_ = buffer.size();
  if (!have_request_line_ && seen_ > limits.target_bytes + request_line_overhead_bytes)
    return refuse("the target is too long", 414);
  if (seen_ >= limits.head_bytes) return refuse("the header is too large", 431);
  return progress::more;
}

std::expected<void, framing_failure> parse_request_head(std::string_view head, const framing_limits& limits,
                                                        request_head& out) {
  reset(out);
  const auto line_end = head.find("\r\n");
  if (line_end == head.npos || !head.ends_with("\r\n\r\n")) return refuse("the header has no end");
  bool version_1_0 = false;
  std::string_view authority;
  if (auto line = parse_request_line(head.substr(0, line_end), limits, out, authority, version_1_0); !line) return line;
  framing_headers seen;
  if (auto fields = parse_fields(head.substr(line_end + 2), limits, out, seen); !fields) return fields;
  if (seen.hosts != 1) return refuse("exactly one Host header is needed");
  if (!is_authority(seen.host)) return refuse("the Host header is malformed");
  if (!authority.empty() && !equals_ignoring_case(authority, seen.host))
    return refuse("the target names another host than the Host header");
  if (auto body = decide_body(seen, version_1_0, out); !body) return body;
  out.keep_alive = !seen.connection_close && !version_1_0;
  if (version_1_0) out.expects_continue = false;
  return decide_websocket(seen, version_1_0, out);
}

}  // namespace drover::net
