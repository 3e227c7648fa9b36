#include <simdjson.h>

#include <charconv>

#include "exchanges/paper/recording.hpp"

namespace drover::exchanges::paper {

struct recording_parser::state {
  simdjson::dom::parser parser;
};

recording_parser::recording_parser() : state_(std::make_unique<state>()) {}
recording_parser::~recording_parser() = default;

namespace {

using simdjson::dom::element;

/// Thrown and caught inside this file only.
struct bad_line {
  std::string what;
};

element member(element object, const char* key) {
  element out;
  if (object[key].get(out) != simdjson::SUCCESS) throw bad_line{std::string("no member '") + key + "'"};
  return out;
}

std::int64_t whole(element object, const char* key) {
  std::int64_t out = 0;
  if (member(object, key).get(out) != simdjson::SUCCESS) throw bad_line{std::string("'") + key + "' is not a whole number"};
  return out;
}

decimal number(element e) {
  std::string_view text;
  if (e.get(text) != simdjson::SUCCESS) throw bad_line{"a price or quantity is not a string"};
  auto value = decimal::parse(text);
  if (!value || value->is_negative()) throw bad_line{"a price or quantity is not a number"};
  return *value;
}

std::vector<book_level> levels(element object, const char* key) {
  simdjson::dom::array rows;
  if (member(object, key).get(rows) != simdjson::SUCCESS) throw bad_line{std::string("'") + key + "' is not a list"};
  std::vector<book_level> out;
  for (element row : rows) {
    element price, quantity;
    if (row.at(0).get(price) != simdjson::SUCCESS || row.at(1).get(quantity) != simdjson::SUCCESS) throw bad_line{"a level is not a pair"};
    out.push_back({number(price), number(quantity)});
  }
  return out;
}

recorded_trade read_trade(element data) {
  bool buyer_is_maker = false;
  if (member(data, "m").get(buyer_is_maker) != simdjson::SUCCESS) throw bad_line{"'m' is not true or false"};
  return {{.id = whole(data, "t"), .price = number(member(data, "p")), .quantity = number(member(data, "q")),
           .buyer_is_maker = buyer_is_maker, .at = wall_time::from_ms(whole(data, "T"))}};
}

void read_frame(element document, std::string_view stream, recorded_event& out) {
  const element data = member(document, "data");
  std::string_view symbol;
  if (member(data, "s").get(symbol) != simdjson::SUCCESS) throw bad_line{"'s' is not a string"};
  out.venue_symbol = symbol;
  if (stream.find("@depth") != stream.npos)
    out.content = depth_diff{whole(data, "U"), whole(data, "u"), levels(data, "b"), levels(data, "a")};
  else if (stream.ends_with("@bookTicker"))
    out.content = recorded_ticker{whole(data, "u"), {number(member(data, "b")), number(member(data, "B"))},
                                  {number(member(data, "a")), number(member(data, "A"))}};
  else if (stream.ends_with("@trade"))
    out.content = read_trade(data);
  else
    throw bad_line{"unknown stream '" + std::string(stream.substr(0, 64)) + "'"};
}

}  // namespace

result<recorded_event> recording_parser::parse(std::string_view line) {
  std::int64_t ns = 0;
  auto [end, ec] = std::from_chars(line.data(), line.data() + line.size(), ns);
  if (ec != std::errc() || end == line.data() + line.size() || *end != ' ')
    return fail(errc::malformed, "no time at the start of the line");
  const auto text = line.substr(static_cast<std::size_t>(end - line.data()) + 1);
  element document;
  if (state_->parser.parse(text.data(), text.size()).get(document) != simdjson::SUCCESS)
    return fail(errc::malformed, "not JSON");
  recorded_event out;
  out.received_at = {nanoseconds(ns)};
  try {
    std::string_view stream;
    if (document["stream"].get(stream) == simdjson::SUCCESS)
      read_frame(document, stream, out);
    else
      out.content = depth_snapshot{whole(document, "lastUpdateId"), levels(document, "bids"), levels(document, "asks")};
  } catch (const bad_line& bad) {
    return fail(errc::malformed, bad.what);
  }
  return out;
}

}  // namespace drover::exchanges::paper
