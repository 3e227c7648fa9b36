// Every connector over TLS, with a CA file that says whom to trust.
#include "tests/integration/exchanges/live_venue.hpp"
#include "tests/integration/net/certificate.hpp"

namespace drover::exchanges {
namespace {

const drover::test::self_signed_certificate& own_certificate() {
  static const drover::test::self_signed_certificate kept;
  return kept;
}

class OverTls : public live_venue, public testing::WithParamInterface<std::string> {
protected:
  OverTls()
      : live_venue(GetParam(), {own_certificate().certificate_file(), own_certificate().key_file(),
                                own_certificate().certificate_file()}) {}
};

TEST_P(OverTls, LivesTheLifeOfAnOrder) {
  EXPECT_TRUE(instrument().trading);
  auto& account = open_account();
  heard stream;
  account.subscribe([&](const account_event& e) { stream(e); });
  ASSERT_TRUE(eventually([&] { return stream.opened; }));
  auto request = resting_buy(1);
  auto placed = run(account.place_order(request, 5'000ms));
  ASSERT_TRUE(placed) << placed.error().to_string();
  EXPECT_TRUE(eventually([&] { return stream.told(request.client_order_id, order_status::open); }));
  auto cancelled =
      run(account.cancel_order({symbol, request.client_order_id, placed->venue_order_id}, lane::kill));
  ASSERT_TRUE(cancelled) << cancelled.error().to_string();
  EXPECT_TRUE(eventually([&] { return stream.told(request.client_order_id, order_status::cancelled); }));
}

INSTANTIATE_TEST_SUITE_P(Venues, OverTls, testing::ValuesIn(known_dialects()),
                         [](const auto& info) { return info.param; });

class UntrustedTls : public live_venue, public testing::WithParamInterface<std::string> {
protected:
  UntrustedTls()
      : live_venue(GetParam(),
                   {own_certificate().certificate_file(), own_certificate().key_file(), other().certificate_file()}) {}
  static const drover::test::self_signed_certificate& other() {
    static const drover::test::self_signed_certificate kept;
    return kept;
  }
};

TEST_P(UntrustedTls, SendsNothingAndNamesTheCertificate) {
  auto& account = open_account();
  heard stream;
  account.subscribe([&](const account_event& e) { stream(e); });
  auto cancelled = run(account.cancel_order({symbol, id_of(1), "1"}, lane::kill));
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code, make_error_code(exchange_errc::not_sent)) << cancelled.error().to_string();
  EXPECT_NE(cancelled.error().detail.find("the certificate of localhost"), std::string::npos)
      << cancelled.error().to_string();
  EXPECT_NE(cancelled.error().detail.find("is not trusted: self-signed certificate"), std::string::npos)
      << cancelled.error().to_string();
  EXPECT_FALSE(stream.opened);
}

INSTANTIATE_TEST_SUITE_P(Venues, UntrustedTls, testing::ValuesIn(known_dialects()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace drover::exchanges
