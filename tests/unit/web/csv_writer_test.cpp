#include "web/csv_writer.hpp"

#include <gtest/gtest.h>

namespace drover::web {
namespace {

std::string cell(std::string_view text) {
  csv_writer csv;
  csv.value(text).end_row();
  return csv.text();
}

TEST(CsvWriter, SeparatesCellsAndRows) {
  csv_writer csv;
  csv.value("a").value(7).value(true).end_row();
  csv.empty().value(std::optional<decimal>()).value(decimal::literal("-1.50")).end_row();
  EXPECT_EQ(csv.text(), "a,7,true\r\n,,-1.5\r\n");
}

TEST(CsvWriter, QuotesWhatWouldBreakARow) {
  EXPECT_EQ(cell("a,b"), "\"a,b\"\r\n");
  EXPECT_EQ(cell("say \"so\""), "\"say \"\"so\"\"\"\r\n");
  EXPECT_EQ(cell("two\r\nlines"), "\"two\r\nlines\"\r\n");
}

TEST(CsvWriter, NeutralisesFormulas) {
  for (const auto* text : {"=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1"}) EXPECT_EQ(cell(text), "'" + std::string(text) + "\r\n") << text;
  EXPECT_EQ(cell("=A1,B1"), "\"'=A1,B1\"\r\n");
  EXPECT_EQ(cell("\r=1"), "\"'\r=1\"\r\n");
}

TEST(CsvWriter, NumbersStayNumbers) {
  EXPECT_EQ(cell("-12.5"), "-12.5\r\n");
  EXPECT_EQ(cell("0"), "0\r\n");
}

}  // namespace
}  // namespace drover::web
