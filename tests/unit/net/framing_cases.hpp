#pragma once

#include <string>
#include <vector>

/// Requests that a strict server must refuse, with the status, and ones it must accept. Used against the pure parser
/// and, over a socket, against the server.
namespace drover::test {

struct framing_case {
  std::string name;
  std::string bytes;
  int status = 400;
};

inline std::string make_request(std::string_view line, std::string_view fields, std::string_view body = {}) {
  return std::string(line).append("\r\n").append(fields).append("\r\n").append(body);
}

inline const std::vector<framing_case>& refused_requests() {
  const std::string get = "GET / HTTP/1.1", post = "POST / HTTP/1.1", host = "Host: h\r\n";
  const std::string te = "Transfer-Encoding: ";
  std::string many;
  for (int i = 0; i < 70; ++i) many += "A" + std::to_string(i) + ": 1\r\n";
  static const std::vector<framing_case> cases{
      {"encoding xchunked", make_request(post, host + te + "xchunked\r\n", "0\r\n\r\n")},
      {"encoding chunked, gzip", make_request(post, host + te + "chunked, gzip\r\n", "0\r\n\r\n")},
      {"encoding gzip, chunked", make_request(post, host + te + "gzip, chunked\r\n", "0\r\n\r\n")},
      {"encoding identity", make_request(post, host + te + "identity\r\nContent-Length: 0\r\n")},
      {"encoding empty", make_request(post, host + te + "\r\n", "0\r\n\r\n")},
      {"encoding twice", make_request(post, host + te + "chunked\r\n" + te + "chunked\r\n", "0\r\n\r\n")},
      {"encoding quoted", make_request(post, host + te + "\"chunked\"\r\n", "0\r\n\r\n")},
      {"encoding with parameter", make_request(post, host + te + "chunked;x=1\r\n", "0\r\n\r\n")},
      {"encoding with vertical tab", make_request(post, host + te + "\vchunked\r\n", "0\r\n\r\n")},
      {"encoding and length", make_request(post, host + te + "chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")},
      {"length and encoding", make_request(post, host + "Content-Length: 5\r\n" + te + "chunked\r\n", "0\r\n\r\n")},
      {"encoding in 1.0", make_request("POST / HTTP/1.0", host + te + "chunked\r\n", "0\r\n\r\n")},
      {"length list", make_request(post, host + "Content-Length: 5, 5\r\n", "hello")},
      {"length twice, equal", make_request(post, host + "Content-Length: 5\r\nContent-Length: 5\r\n", "hello")},
      {"length twice, different", make_request(post, host + "Content-Length: 5\r\nContent-Length: 6\r\n", "hello")},
      {"length with plus", make_request(post, host + "Content-Length: +5\r\n", "hello")},
      {"length negative", make_request(post, host + "Content-Length: -1\r\n")},
      {"length hex", make_request(post, host + "Content-Length: 0x5\r\n", "hello")},
      {"length with blank inside", make_request(post, host + "Content-Length: 5 5\r\n", "hello")},
      {"length empty", make_request(post, host + "Content-Length:\r\n")},
      {"length with fraction", make_request(post, host + "Content-Length: 5.0\r\n", "hello")},
      {"length beyond 64 bits", make_request(post, host + "Content-Length: 99999999999999999999\r\n"), 413},
      {"folded line", make_request(get, host + "A: b\r\n c\r\n")},
      {"folded line with tab", make_request(get, host + "A: b\r\n\tc\r\n")},
      {"folded first line", make_request(get, " A: b\r\n" + host)},
      {"no host", make_request(get, "A: b\r\n")},
      {"two hosts", make_request(get, host + host)},
      {"two hosts, different", make_request(get, host + "Host: i\r\n")},
      {"empty host", make_request(get, "Host:\r\n")},
      {"host with path", make_request(get, "Host: h/x\r\n")},
      {"host with user", make_request(get, "Host: a@h\r\n")},
      {"host list", make_request(get, "Host: h, i\r\n")},
      {"foreign authority", make_request("GET http://evil/ HTTP/1.1", host)},
      {"authority with user", make_request("GET http://a@h/ HTTP/1.1", host)},
      {"authority without path", make_request("GET http://h HTTP/1.1", host)},
      {"connect", make_request("CONNECT h:443 HTTP/1.1", host)},
      {"target without slash", make_request("GET x HTTP/1.1", host)},
      {"asterisk for get", make_request("GET * HTTP/1.1", host)},
      {"control in target", make_request("GET /a\tb HTTP/1.1", host)},
      {"non-ascii target", make_request("GET /\xC3\xA9 HTTP/1.1", host)},
      {"delete in target", make_request("GET /a\x7f HTTP/1.1", host)},
      {"encoded nul", make_request("GET /a%00b HTTP/1.1", host)},
      {"encoded nul in query", make_request("GET /?a=%00 HTTP/1.1", host)},
      {"encoded line feed", make_request("GET /a%0ab HTTP/1.1", host)},
      {"broken percent", make_request("GET /a%2 HTTP/1.1", host)},
      {"broken percent digits", make_request("GET /a%zz HTTP/1.1", host)},
      {"broken percent in query", make_request("GET /?a=%g0 HTTP/1.1", host)},
      {"not utf-8", make_request("GET /%ff HTTP/1.1", host)},
      {"overlong slash", make_request("GET /%c0%af HTTP/1.1", host)},
      {"dot dot", make_request("GET /a/../b HTTP/1.1", host)},
      {"dot dot at the end", make_request("GET /a/.. HTTP/1.1", host)},
      {"encoded dot dot", make_request("GET /a/%2e%2E/b HTTP/1.1", host)},
      {"encoded slash around dots", make_request("GET /a%2f..%2fb HTTP/1.1", host)},
      {"backslash", make_request("GET /a\\b HTTP/1.1", host)},
      {"encoded backslash", make_request("GET /a%5cb HTTP/1.1", host)},
      {"fragment", make_request("GET /a#b HTTP/1.1", host)},
      {"fragment in query", make_request("GET /?a#b HTTP/1.1", host)},
      {"expectation", make_request(get, host + "Expect: magic\r\n")},
      {"connection not a list", make_request(get, host + "Connection: close: x\r\n")},
      {"blank before colon", make_request(get, host + "A : b\r\n")},
      {"blank before host colon", make_request(get, "Host : h\r\n")},
      {"no colon", make_request(get, host + "Abc\r\n")},
      {"empty name", make_request(get, host + ": b\r\n")},
      {"name with slash", make_request(get, host + "A/b: c\r\n")},
      {"name not ascii", make_request(get, host + "\xC3\xA9: c\r\n")},
      {"value with nul", make_request(get, host + std::string("A: b\0c\r\n", 8))},
      {"value with bare cr", make_request(get, host + "A: b\rc\r\n")},
      {"value not utf-8", make_request(get, host + "A: \xff\r\n")},
      {"bare line feeds", "GET / HTTP/1.1\nHost: h\n\n"},
      {"one bare line feed", "GET / HTTP/1.1\r\nHost: h\nA: b\r\n\r\n"},
      {"empty line first", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"two blanks", make_request("GET  / HTTP/1.1", host)},
      {"blank behind version", make_request("GET / HTTP/1.1 ", host)},
      {"no version", make_request("GET /", host)},
      {"version lower case", make_request("GET / http/1.1", host)},
      {"version 2", make_request("GET / HTTP/2.0", host), 505},
      {"version 1.2", make_request("GET / HTTP/1.2", host), 505},
      {"method with colon", make_request("GE:T / HTTP/1.1", host)},
      {"method too long", make_request(std::string(40, 'A') + " / HTTP/1.1", host)},
      {"tls hello", std::string("\x16\x03\x01\x02\x00", 5)},
      {"too many fields", make_request(get, host + many), 431},
      {"target too long", make_request("GET /" + std::string(2100, 'a') + " HTTP/1.1", host), 414},
      {"websocket by post", make_request(post, host + "Connection: upgrade\r\nUpgrade: websocket\r\n")},
  };
  return cases;
}

inline const std::vector<framing_case>& accepted_requests() {
  static const std::vector<framing_case> cases{
      {"plain", make_request("GET / HTTP/1.1", "Host: h\r\n")},
      {"version 1.0", make_request("GET / HTTP/1.0", "Host: h\r\n")},
      {"port and query", make_request("GET /a?b=c&d HTTP/1.1", "Host: localhost:8080\r\n")},
      {"ipv6 host", make_request("GET / HTTP/1.1", "Host: [::1]:80\r\n")},
      {"dots inside a name", make_request("GET /a..b/...c HTTP/1.1", "Host: h\r\n")},
      {"body", make_request("POST / HTTP/1.1", "Host: h\r\nContent-Length: 5\r\n", "hello")},
      {"empty body", make_request("POST / HTTP/1.1", "Host: h\r\nContent-Length: 0\r\n")},
      {"leading zeros", make_request("POST / HTTP/1.1", "Host: h\r\nContent-Length: 005\r\n", "hello")},
      {"chunked", make_request("POST / HTTP/1.1", "Host: h\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
      {"chunked, capitals", make_request("POST / HTTP/1.1", "Host: h\r\ntransfer-encoding: Chunked\r\n", "0\r\n\r\n")},
      {"empty value", make_request("GET / HTTP/1.1", "Host: h\r\nA:\r\n")},
      {"utf-8 value", make_request("GET / HTTP/1.1", "Host: h\r\nA: \xC3\xA9\r\n")},
      {"own method", make_request("PATCH /x HTTP/1.1", "Host: h\r\n")},
      {"same authority", make_request("GET http://h/x HTTP/1.1", "Host: H\r\n")},
      {"query with brackets", make_request("GET /?s=[\"A\"] HTTP/1.1", "Host: h\r\n")},
  };
  return cases;
}

}  // namespace drover::test
