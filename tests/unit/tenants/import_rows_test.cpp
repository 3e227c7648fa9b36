#include "tenants/import/import_rows.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "crypto/legacy.hpp"

namespace drover::tenants {
namespace {

exchange_catalogue catalogue_of(std::vector<std::string> names) {
  return {.is_known = [names](const std::string& name) { return std::ranges::find(names, name) != names.end(); },
          .needs_passphrase = [](const std::string& name) { return name == "okx"; },
          .names = names};
}

TEST(ImportRows, ReadsTheFileOfKeysOfTheBroker) {
  const auto rows = read_json_rows(secret(R"([
    {"id": "binance", "key": "k1", "secret": "s1", "pass": "", "account": "0"},
    {"id": "OKEX", "key": "k2", "secret": "s2", "pass": "p2", "account": "1"}])"),
                                   "keys.json");
  ASSERT_TRUE(rows) << rows.error().to_string();
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ(rows->at(0).request.exchange_name, "binance");
  EXPECT_EQ(rows->at(0).request.label, "0");
  EXPECT_TRUE(rows->at(0).request.passphrase.empty());
  EXPECT_EQ(rows->at(1).request.exchange_name, "okx");
  EXPECT_EQ(rows->at(1).request.api_key.reveal(), "k2");
  EXPECT_EQ(rows->at(1).request.api_secret.reveal(), "s2");
  EXPECT_EQ(rows->at(1).request.passphrase.reveal(), "p2");
  EXPECT_EQ(rows->at(1).place, "keys.json, row 2");
}

/// As `SELECT row_to_json(...)` and an ORM write them.
TEST(ImportRows, ReadsRowsOfDatabasesLineByLine) {
  const auto rows = read_json_rows(secret("{\"id\":7,\"user_id\":17,\"exchange_name\":\"bybit\",\"label\":\"main\",\"api_key\":\"k\",\"api_"
                                          "secret\":\"s\",\"passphrase\":null,\"is_active\":true}\r\n"
                                          "\n{\"accountId\":\"Main Account\",\"exchange\":\"Gate.io\",\"apiKey\":\"a\",\"secretKey\":\"b\"}\n"),
                                   "rows");
  ASSERT_TRUE(rows) << rows.error().to_string();
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ(rows->at(0).user, "17");
  EXPECT_EQ(rows->at(0).request.exchange_name, "bybit") << "not the row's own number";
  EXPECT_EQ(rows->at(1).request.exchange_name, "gate");
  EXPECT_EQ(rows->at(1).request.label, "Main Account");
  EXPECT_EQ(rows->at(1).request.api_secret.reveal(), "b");
}

TEST(ImportRows, NamesTheFileThatIsNoJson) {
  for (const char* text : {"not json", "[1, 2]", "{\"a\": }", "[{\"a\": 1}"}) {
    const auto rows = read_json_rows(secret(text), "keys.json");
    ASSERT_FALSE(rows) << text;
    EXPECT_NE(rows.error().detail.find("keys.json"), std::string::npos) << rows.error().detail;
  }
  EXPECT_TRUE(read_json_rows(secret(""), "empty")->empty());
}

TEST(ImportRows, ReadsWhatAShellWouldExport) {
  const auto rows = read_environment_rows(secret("# a comment\n"
                                                 "export BINANCE_API_KEY='k1'\nBINANCE_SECRET_KEY=\"s1\"\n"
                                                 "OKX_SECOND_API_KEY=k2\nOKX_SECOND_API_SECRET=s2\nOKX_SECOND_API_PASSPHRASE=p=2\n"
                                                 "DATABASE_URL=postgres://x\nSOMETHING_API_KEY=other\nNOT_A_LINE\nBINANCE_API_KEY_OLD=x\n"),
                                          ".env", catalogue_of({"binance", "okx"}));
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ(rows->at(0).request.exchange_name, "binance");
  EXPECT_EQ(rows->at(0).request.api_key.reveal(), "k1");
  EXPECT_EQ(rows->at(0).request.api_secret.reveal(), "s1");
  EXPECT_EQ(rows->at(1).request.exchange_name, "okx");
  EXPECT_EQ(rows->at(1).request.passphrase.reveal(), "p=2");
  EXPECT_NE(rows->at(0).request.label, rows->at(1).request.label);
}

import_row sealed_row(std::string key, std::string text) {
  import_row row{.place = "row", .user = {}, .request = {}};
  row.request.api_key = secret(key);
  row.request.api_secret = secret(text);
  return row;
}

/// The row that was sealed under another key is told, the others open under the key that opens most.
TEST(ImportRows, OpensUnderTheKeyThatOpensTheMost) {
  const std::string value = "000102030405060708090a0b0c0d0e0f:449759c9eb463a5ef7e1e54fefcfc93ffc72162b9e9b58119ee91d630886ddbf";
  const std::string of_another = "000102030405060708090a0b0c0d0e0f:2e9d0f0473a4ed0c67da97cfa14bfc2ac9c83e00b35405fa028e3a819da01640";
  std::vector<import_row> rows;
  rows.push_back(sealed_row(value, value));
  rows.push_back(sealed_row(value, of_another));
  rows.push_back(sealed_row(value, value));
  open_cbc_rows(rows, crypto::cbc_keys_of(secret("any length of text")));
  EXPECT_EQ(rows[0].request.api_key.reveal(), "AKEY-example-0002");
  EXPECT_EQ(rows[0].problem, "");
  EXPECT_NE(rows[1].problem, "");
  EXPECT_EQ(rows[1].problem.find("AKEY"), std::string::npos);
  EXPECT_EQ(rows[1].request.api_key.reveal(), value) << "half opened";
  EXPECT_EQ(rows[2].problem, "");
}

TEST(ImportRows, ASecretThatIsNoFernetTokenIsTold) {
  const auto key = crypto::read_fernet_key("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=");
  std::vector<import_row> rows;
  rows.push_back(sealed_row("clear-api-key", "gAAAAABlU_EARE_GmyhlkB4gRYmvD1PPlIhIVIVY995F5Byt-NonJjQhCS1tHE96D7heHZ6h671IJCpNFAQT6C_"
                                             "KZ27iCvvOKG16rEmSJ4es5XqwO2Ukg0I="));
  rows.push_back(sealed_row("clear-api-key", "clear secret"));
  open_fernet_rows(rows, *key);
  EXPECT_EQ(rows[0].problem, "");
  EXPECT_EQ(rows[0].request.api_key.reveal(), "clear-api-key");
  EXPECT_EQ(rows[0].request.api_secret.reveal(), "okx api secret 42");
  EXPECT_NE(rows[1].problem, "");
}

}  // namespace
}  // namespace drover::tenants
