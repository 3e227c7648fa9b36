#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/task.hpp"
#include "base/timer.hpp"

namespace drover::exchanges::paper {

struct paper_config {
  std::string address = "127.0.0.1";
  /// 0 = a free port.
  std::uint16_t port = 0;
  /// The dialects that are served, the first one also at the root path; empty = all, Binance at the root.
  std::vector<std::string> venues;
  /// A port for each of `venues`, at the root path; the first one is `port`, the others are free ones.
  bool port_per_venue = false;
  /// PEM files for https and wss; both or none.
  std::string tls_certificate_file, tls_key_file;
  /// "BTC/USDT=60000": instruments with their first price.
  std::vector<std::string> instruments{"BTC/USDT=60000", "ETH/USDT=2600"};
  /// Seed of the price generator.
  std::uint64_t seed = 1;
  /// How often the generator moves the market, and its volatility per step in basis points.
  milliseconds step_interval{100};
  int step_basis_points = 3;
  /// hftbacktest recordings ("<local ns> <frame>" lines, gz), replayed in order instead of the generator.
  std::vector<std::string> recordings;
  /// Recording speed: 1 = as recorded, 10 = ten times faster, 0 = as fast as possible.
  double speed = 1;
  /// Maker and taker fee in basis points; the asset is the venue's habit.
  int maker_fee_basis_points = 10, taker_fee_basis_points = 10;
  /// Enforce request weights, order rates and bans.
  bool enforce_limits = true;
  /// What is allowed when they are enforced: request weight per minute and address, orders per account.
  int request_weight_per_minute = 6'000;
  int orders_per_ten_seconds = 100;
  int orders_per_day = 200'000;
  /// Wait for POST /paper/market {"paused":false} before the generator or the recording runs.
  bool start_paused = false;
  /// Accounts, balances, orders and trades are kept here across restarts; empty = memory only.
  std::string state_file;
  /// Token that POST /paper/… control calls must carry as Authorization: Bearer; empty = control from loopback is open.
  std::string control_token_file;
};

struct venue_port {
  std::string venue;
  std::uint16_t port = 0;
  /// "" or "/bybit".
  std::string prefix;
};

/// A simulated exchange that speaks the protocols of real venues over the wire. One executor, one thread.
class paper_server {
 public:
  virtual ~paper_server() = default;
  virtual result<void> start() = 0;
  /// Of the control calls and the default venue.
  virtual std::uint16_t port() const = 0;
  /// Where each venue is.
  virtual std::vector<venue_port> venue_ports() const = 0;
  virtual task<void> stop(nanoseconds limit) = 0;
};

std::unique_ptr<paper_server> make_paper_server(executor, timer_queue&, random_source&, const clock&, paper_config);

}  // namespace drover::exchanges::paper
