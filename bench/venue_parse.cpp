#include <fmt/core.h>
#include <simdjson.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "base/encoding.hpp"
#include "base/files.hpp"
#include "bench/benches.hpp"
#include "bench/rate.hpp"
#include "exchanges/registry.hpp"
#include "mexc_messages/push.pb.h"

namespace drover::bench {
namespace {

using namespace exchanges;

constexpr std::size_t file_limit_bytes = 1024 * 1024;
constexpr int batch = 20;
/// A busy market and an order now and then: ten changes of the book and ten messages of trades for each order's answer.
constexpr int market_messages = 10;

struct samples {
  std::string book, trades, order;
};

/// JSON as it is, protobuf in base64.
std::string frame_of(const std::string& kept) {
  return kept.starts_with('{') ? kept : from_base64(kept).value();
}

samples read_samples(const std::string& folder, std::string_view venue) {
  const auto text = system_files().read(folder + "/" + std::string(venue) + ".json", file_limit_bytes);
  if (!text) throw std::runtime_error(text.error().to_string());
  const auto data = nlohmann::json::parse(*text);
  const auto frame = [&data](const char* name) { return frame_of(data.at(name).get<std::string>()); };
  return {frame("book"), frame("trades"), frame("create_order")};
}

/// Takes everything and keeps nothing; counts, so that nothing is optimised away.
class counting_events final : public market_events {
public:
  std::size_t heard = 0;
  void on_ticker(book_ticker) override { ++heard; }
  void on_trade(public_trade) override { ++heard; }
  void on_book(book_update u) override { heard += u.bids.size() + u.asks.size(); }
  void on_candle(candle, bool) override { ++heard; }
  void on_answer(std::int64_t, std::optional<error>) override {}
  void on_topic_answer(const market_topic&, std::optional<error>) override {}
  void on_blame(std::int64_t, const market_topic&, std::optional<error>) override {}
  void on_refusal(error) override {}
  void on_pong() override {}
  void on_reply_wanted(std::string) override {}
  void on_broken(std::string reason) override { throw std::runtime_error(reason); }
};

class venue_parser {
public:
  venue_parser(std::string_view venue, const samples& s)
      : protocol_(make_protocol(venue, {}).value()), wire_(protocol_->make_market_wire()), samples_(s) {
    call_.op = operation::create_order;
    call_.symbol = call_.order.symbol = "BTC/USDT";
    call_.order.client_order_id = "00112233445566778899aabbccddeeff";
    answer_.status = 200;
    answer_.body = s.order;
  }

  void round() {
    for (int i = 0; i < market_messages; ++i) {
      read(samples_.book);
      read(samples_.trades);
    }
    const auto reply = protocol_->read_answer(call_, answer_, table_);
    if (!reply || std::get<order>(reply->answer).venue_order_id.empty())
      throw std::runtime_error("the answer is not understood");
  }

private:
  void read(const std::string& frame) {
    // The same frame again is no gap of the connection.
    (void)wire_->open();
    const auto before = events_.heard;
    if (!wire_->read(frame, table_, events_) || events_.heard == before)
      throw std::runtime_error("the frame is not understood");
  }

  std::unique_ptr<venue_protocol> protocol_;
  std::unique_ptr<market_wire> wire_;
  const samples& samples_;
  venue_call call_;
  client_response answer_;
  instrument_table table_;
  counting_events events_;
};

/// The floor: the bytes become a tree, nobody looks at it.
class bare_parser {
public:
  explicit bare_parser(const samples& s) : samples_(s) {}
  void round() {
    for (int i = 0; i < market_messages; ++i) {
      read(samples_.book);
      read(samples_.trades);
    }
    read(samples_.order);
  }

private:
  void read(const std::string& bytes) {
    const bool good =
        bytes.starts_with('{') ? parser_.parse(bytes).error() == simdjson::SUCCESS : push_.ParseFromString(bytes);
    if (!good) throw std::runtime_error("the sample is broken");
  }
  const samples& samples_;
  simdjson::dom::parser parser_;
  mexc_push::Push push_;
};

}  // namespace

int run_venue_parse(const std::string& samples_folder, int seconds_each) {
  nlohmann::json out;
  for (const auto* traits : known_venues()) {
    const auto s = read_samples(samples_folder, traits->name);
    venue_parser ours(traits->name, s);
    bare_parser floor(s);
    const auto [parsed, bare] = best_rates(seconds(seconds_each), batch, [&] { ours.round(); }, [&] { floor.round(); });
    constexpr int messages = 2 * market_messages + 1;
    out[std::string(traits->name)] = {{"messages_per_s", parsed * messages}, {"bare_per_s", bare * messages}};
  }
  fmt::print("{}\n", out.dump());
  return 0;
}

}  // namespace drover::bench
