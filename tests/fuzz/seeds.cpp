// fuzz_seeds FOLDER: writes FOLDER/<target>/<number>, inputs to begin with. What venues say comes from tests/data and
// from the JSON that stands in the venues' unit tests.
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "base/encoding.hpp"
#include "tests/fuzz/venues/any_venue.hpp"

namespace {

namespace fs = std::filesystem;
using namespace drover;
using namespace drover::exchanges;

const fs::path tests = fs::path(DROVER_SOURCE_DIR) / "tests";

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

class seed_folder {
public:
  seed_folder(const fs::path& parent, std::string target) : path_(parent / target) { fs::create_directories(path_); }
  void add(std::string_view bytes) { std::ofstream(path_ / fmt::format("{:05}", count_++), std::ios::binary) << bytes; }

private:
  fs::path path_;
  int count_ = 0;
};

/// JSON as it is, everything else in base64.
std::string frame_of(const std::string& kept) {
  return kept.starts_with('{') || kept.starts_with('[') ? kept : from_base64(kept).value_or(kept);
}

void add_strings(const nlohmann::json& value, std::set<std::string>& out) {
  if (value.is_string()) out.insert(frame_of(value.get<std::string>()));
  if (value.is_structured())
    for (const auto& child : value) add_strings(child, out);
}

/// The JSON in raw string literals.
void add_literals(const std::string& code, std::set<std::string>& out) {
  for (auto at = code.find("R\"("); at != code.npos; at = code.find("R\"(", at + 1)) {
    const auto end = code.find(")\"", at);
    if (end == code.npos) return;
    out.insert(code.substr(at + 3, end - at - 3));
  }
}

/// Everything the tests know that the venue says.
std::set<std::string> words_of(const std::string& venue) {
  std::set<std::string> out;
  add_strings(nlohmann::json::parse(read_file(tests / "data/samples" / (venue + ".json"))), out);
  for (const auto& c : nlohmann::json::parse(read_file(tests / "data/errors" / (venue + ".json"))))
    out.insert(c["body"].is_string() ? c["body"].get<std::string>() : c["body"].dump());
  if (const auto captured = tests / "data/requests" / (venue + ".json"); fs::exists(captured))
    for (const auto& step : nlohmann::json::parse(read_file(captured)))
      add_strings(step.value("received", nlohmann::json()), out);
  const std::string folder = venue == "coinbaseexchange" ? "coinbase" : venue;
  for (const auto& file : fs::directory_iterator(tests / "unit" / folder)) add_literals(read_file(file.path()), out);
  return out;
}

/// As any_venue.hpp's fuzz_input reads them: choices first.
void write_venues(const fs::path& parent) {
  seed_folder frames(parent, "fuzz_venue_frames"), answers(parent, "fuzz_venue_answers");
  const auto& venues = all_protocols();
  for (std::size_t v = 0; v < venues.size(); ++v) {
    const std::string venue(1, static_cast<char>(v));
    for (const auto& words : words_of(std::string(venues[v]->traits().name))) {
      for (char stream : {'\0', '\1'}) {
        frames.add(venue + stream + words);
        frames.add(venue + stream + words + '\0' + words);
      }
      for (std::size_t op = 0; op < all_operations().size(); ++op)
        answers.add(venue + static_cast<char>(op) + std::string(2, '\0') + words);
      answers.add(venue + static_cast<char>(operation::create_order) + '\0' + '\1' + words);
    }
  }
}

void write_texts(const fs::path& parent, const std::string& target, std::initializer_list<std::string_view> texts) {
  seed_folder folder(parent, target);
  for (auto text : texts) folder.add(text);
}

void write_others(const fs::path& parent) {
  write_texts(parent, "fuzz_base_decimal",
              {"0", "-12.5 0.01", "0.00000001 3", "1e-8 1E2", "170141183460469231731.687303715884105727 -1",
               "9e19 0.000000000000000001"});
  write_texts(parent, "fuzz_base_time",
              {"2024-11-20T12:00:00.123456Z", "2024-02-29T23:59:60+05:30", "2026-11-21 10:00:00.123456+00",
               "1678-01-01T00:00:00Z"});
  write_texts(parent, "fuzz_base_encoding", {"00ff", "TWFu", "TWE=", "TQ==", "TWE", "%20a%2F", "-_-_"});
  write_texts(parent, "fuzz_base_json",
              {R"({"a":[1,-2,"x",null,true],"b":{"c":"\u00e9"}})", R"([[[[[[[[[]]]]]]]]])", R"({"a":1,"a":2})", "1.5",
               "9223372036854775808"});
  write_texts(
      parent, "fuzz_base_config",
      {"web: {flag: true, text: x, list: [a, b], number: 7, amount: 1.5, pause: 5s, choice: b, key_file: /nowhere}\n",
       "web:\n  parameters: {levels: 3, symbol: 'BTC/USDT', deep: [1, {x: y}]}\nexchanges:\n  - name: binance\n  - "
       "name: okx\n",
       "web: {parameters: &x {k: *x}}\n", "a: &x [1]\nb: *x\n? [1, 2]\n: 3\n", "web: !!binary aGk=\nweb: ~\n",
       "%YAML 1.2\n---\n- |\n  text\n...\n"});
  write_texts(parent, "fuzz_crypto_token",
              {"", "NzoxNzMyMTA0MDAwOmsxLjAxMjM0NTY3ODlhYmNkZWYu",
               "7:1732104000:k1.0123456789abcdef.0123456789012345678901234567890123456789012",
               R"({"alg":"HS256","typ":"JWT","kid":"k1"})", R"({"alg":"none"})",
               R"({"iss":"drover","aud":"drover","sub":"7","sid":"0123456789abcdef","iat":1732104000,"exp":1732107600,"epoch":3})",
               "eyJhbGciOiJub25lIn0.e30."});
  write_texts(parent, "fuzz_tenants_token",
              {"17_5_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
               "17_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "192.0.2.0/24192.0.2.1",
               "2001:db8::/322001:db8::1", "::ffff:192.0.2.1192.0.2.1"});
  write_texts(
      parent, "fuzz_net_request",
      {"GET /a/../b?x=%20 HTTP/1.1\r\nHost: a\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
       "GET http://a/ HTTP/1.0\r\nConnection: close\r\n\r\n"});
  write_texts(parent, "fuzz_broker_line",
              {R"({"token":"t","call":"reveal","account":1,"id":"a"})", R"({"token":"t","call":"sign","account":17,"op":"cancel_order","arguments":{"symbol":"BTC/USDT","venue_order_id":"1"}})",
               R"({"id":7,"token":"t","call":"sign","account":17,"op":"fills","arguments":{"symbol":"BTC/USDT","after":"9","limit":5,"cursor":"x"}})"});
  write_texts(parent, "fuzz_net_chunked", {"3\r\nabc\r\n0\r\n\r\n", "a;x=y\r\n0123456789\r\n0\r\nT: v\r\n\r\n"});
  write_texts(parent, "fuzz_net_response",
              {"\x10HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
               "\x03HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
               "\xffHTTP/1.0 503 No\r\n\r\nbody to the end"});
  write_texts(
      parent, "fuzz_net_websocket",
      {std::string_view("\x81\x85\0\0\0\0hello", 11), std::string_view("\x01\x82\1\2\3\4ab\x80\x81\0\0\0\0c", 15),
       std::string_view("\x88\x82\0\0\0\0\x03\xe8", 8), std::string_view("\x89\xfe\0\x7f", 4)});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "fuzz_seeds FOLDER\n");
    return 2;
  }
  write_venues(argv[1]);
  write_others(argv[1]);
  return 0;
}
