#include "web/csv_writer.hpp"

namespace drover::web {

namespace {

bool is_formula(std::string_view text) {
  constexpr std::string_view starts = "=+-@\t\r";
  return !text.empty() && starts.find(text.front()) != std::string_view::npos && !decimal::parse(text);
}

}  // namespace

csv_writer& csv_writer::value(std::string_view text) {
  if (row_begun_) text_ += ',';
  row_begun_ = true;
  const bool formula = is_formula(text);
  const bool quoted = text.find_first_of(",\"\r\n") != std::string_view::npos;
  if (quoted) text_ += '"';
  if (formula) text_ += '\'';
  for (char c : text) {
    if (c == '"') text_ += '"';
    text_ += c;
  }
  if (quoted) text_ += '"';
  return *this;
}

void csv_writer::end_row() {
  text_ += "\r\n";
  row_begun_ = false;
}

}  // namespace drover::web
