#include "tenants/audit/audit_checker.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "base/encoding.hpp"

namespace drover::tenants {
namespace {

constexpr std::int64_t row_count = 40;

/// A trail of forty rows with heads at the tenth, the thirtieth and the last.
class AuditChecker : public testing::Test {
protected:
  AuditChecker() {
    auto before = chain_start();
    for (std::int64_t n = 1; n <= row_count; ++n) {
      audit_record row{.seq = n,
                       .id = n + n / 7,
                       .at = {std::chrono::microseconds(1'700'000'000'000'000 + n * 250)},
                       .actor = user_id(n % 3),
                       .action = "bot.update",
                       .object = "bot:" + std::to_string(n % 5),
                       .detail = "what ° changed " + std::to_string(n)};
      before = chain_hash(before, row);
      links_.push_back({.seq = n, .event = row.id, .hash = before, .row = std::move(row)});
    }
    for (const std::int64_t at : {10, 30, 40}) sign(at);
  }

  void sign(std::int64_t seq) {
    auto made = sign_head(keys_, seq, links_.at(static_cast<std::size_t>(seq - 1)).hash,
                          wall_time::from_ms(1'700'000'000'000 + seq));
    heads_.push_back(made.head);
    public_key_ = made.public_key;
  }
  /// Makes hashes follow from each other again, as somebody would who may write the tables.
  void rehash() {
    auto before = chain_start();
    std::int64_t n = 0;
    for (auto& link : links_) {
      link.seq = link.row->seq = ++n;
      before = link.hash = chain_hash(before, *link.row);
    }
  }
  std::optional<trail_fault> check() const {
    trail_checker checker(audit_keys::parse(public_key_).value());
    for (const auto& head : heads_) checker.add_head(head);
    checker.begin();
    for (const auto& link : links_)
      if (auto fault = checker.add(link)) return fault;
    return checker.end();
  }
  chain_link& link(std::int64_t seq) { return links_.at(static_cast<std::size_t>(seq - 1)); }
  void expect_fault(std::int64_t seq, const std::string& word) const {
    const auto fault = check();
    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->seq, seq) << fault->what;
    EXPECT_NE(fault->what.find(word), std::string::npos) << fault->what;
  }

  seeded_random random_{11};
  crypto::keyring keys_{crypto::master_key::generate(random_), random_};
  std::vector<chain_link> links_;
  std::vector<audit_head> heads_;
  std::string public_key_;
};

TEST_F(AuditChecker, FindsNothingInAnUntouchedTrail) {
  EXPECT_FALSE(check());
}

TEST_F(AuditChecker, NamesTheFirstOfAThousandRandomMutations) {
  const auto whole = links_;
  const std::vector<std::function<void(chain_link&)>> edits{
      [](auto& l) { l.row->action += "x"; },
      [](auto& l) { l.row->object = "bot:99"; },
      [](auto& l) { l.row->detail.pop_back(); },
      [](auto& l) { l.row->actor = user_id(l.row->actor.value + 1); },
      [](auto& l) { l.row->at = l.row->at + std::chrono::microseconds(1); },
      [](auto& l) { l.row->id += 100; },
      [](auto& l) { l.hash[5] = static_cast<char>(l.hash[5] ^ 1); },
      [](auto& l) { l.row.reset(); },
      [](auto& l) { std::swap(l.row->action, l.row->object); }};
  for (int round = 0; round < 1'000; ++round) {
    links_ = whole;
    const auto seq = static_cast<std::int64_t>(random_.below(row_count)) + 1;
    const auto kind = random_.below(edits.size() + 2);
    auto expected = seq;
    if (kind < edits.size()) {
      edits[kind](link(seq));
    } else if (kind == edits.size()) {
      links_.erase(links_.begin() + seq - 1);
    } else {
      const auto other = seq % row_count + 1;
      std::swap(link(seq).row, link(other).row);
      expected = std::min(seq, other);
    }
    const auto fault = check();
    ASSERT_TRUE(fault) << "round " << round << " kind " << kind << " row " << seq;
    EXPECT_EQ(fault->seq, expected) << fault->what;
  }
}

TEST_F(AuditChecker, FindsARowThatWasPutBetweenOthers) {
  auto forged = link(17);
  forged.row->detail = "forged";
  links_.insert(links_.begin() + 17, forged);
  expect_fault(17, "twice");
}

TEST_F(AuditChecker, FindsHashesThatWereWrittenAnewByTheSignedHead) {
  link(12).row->detail = "never happened";
  rehash();
  expect_fault(11, "written anew");
}

TEST_F(AuditChecker, FindsADeletedRowWhoseSuccessorsWereRenumbered) {
  links_.erase(links_.begin() + 34);
  rehash();
  expect_fault(40, "cut off");
}

TEST_F(AuditChecker, FindsATrailThatWasCutOff) {
  links_.resize(33);
  expect_fault(34, "cut off");
  links_.clear();
  expect_fault(1, "cut off");
}

TEST_F(AuditChecker, BelievesNoHeadThatItsKeyDidNotSign) {
  heads_[1].hash[0] = static_cast<char>(heads_[1].hash[0] ^ 1);
  expect_fault(30, "not signed by its key");
}

TEST_F(AuditChecker, BelievesNoKeyThatNobodyGave) {
  const crypto::keyring other(crypto::master_key::generate(random_), random_);
  heads_[0] = sign_head(other, 10, link(10).hash, heads_[0].signed_at).head;
  expect_fault(10, "was not given");
}

TEST_F(AuditChecker, KnowsTheVersionsOfCredentials) {
  links_.clear();
  heads_.clear();
  auto before = chain_start();
  const auto add = [&](std::int64_t n, std::string action, std::string object, std::string detail) {
    audit_record row{.seq = n,
                     .id = n,
                     .at = {},
                     .actor = {},
                     .action = std::move(action),
                     .object = std::move(object),
                     .detail = std::move(detail)};
    before = chain_hash(before, row);
    links_.push_back({.seq = n, .event = n, .hash = before, .row = std::move(row)});
  };
  add(1, "account.create", "account:7", "binance ab…cd key f version 1");
  add(2, "account.replace_credentials", "account:7", "ab…ef key g version 2");
  add(3, "account.create", "account:8", "binance ab…cd key h version 1");
  add(4, "account.delete", "account:8", "");
  trail_checker checker{audit_keys()};
  checker.begin();
  for (const auto& l : links_) ASSERT_FALSE(checker.add(l));
  ASSERT_FALSE(checker.end());
  EXPECT_FALSE(checker.add(credential_facts{account_id(7), 2, 2}));
  EXPECT_FALSE(checker.add(credential_facts{account_id(8), 2, 2}));
  EXPECT_TRUE(checker.add(credential_facts{account_id(7), 1, 1})) << "both put back";
  EXPECT_TRUE(checker.add(credential_facts{account_id(7), 1, 2}));
  EXPECT_TRUE(checker.add(credential_facts{account_id(9), 1, 1})) << "never created";
}

TEST(AuditHead, IsReadAsItWasWritten) {
  seeded_random random(3);
  const crypto::keyring keys(crypto::master_key::generate(random), random);
  const auto made = sign_head(keys, 42, std::string(32, 'h'), wall_time::from_ms(1'700'000'000'123));
  const auto read = parse_head(to_line(made.head)).value();
  EXPECT_EQ(signed_text(read),
            "drover-audit-head-v1\n42\n" + to_hex(std::string(32, 'h')) + "\n2023-11-14T22:13:20.123000Z\n");
  EXPECT_TRUE(audit_keys::parse("the keys:\n" + made.public_key).value().verify(read));
}

TEST(AuditHead, DamagedLinesAreRefused) {
  for (const auto* line : {"", "{", "[]", "{}", R"({"seq":"1"})",
                           R"({"seq":1,"hash":"00","signed_at":"2023-11-14T22:13:20Z","key":"k","signature":""})"})
    EXPECT_FALSE(parse_head(line)) << line;
  EXPECT_FALSE(audit_keys::parse("no key"));
  EXPECT_FALSE(audit_keys::parse("-----BEGIN PUBLIC KEY-----\nMCow"));
}

}  // namespace
}  // namespace drover::tenants
