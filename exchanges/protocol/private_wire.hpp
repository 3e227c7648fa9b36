#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "exchanges/exchange.hpp"
#include "exchanges/instrument_table.hpp"
#include "exchanges/protocol/operation.hpp"
#include "exchanges/protocol/stream_habits.hpp"
#include "exchanges/protocol/wire_request.hpp"

namespace drover::exchanges {

/// What the frames of one account's private stream say.
class private_events {
 public:
  virtual ~private_events() = default;
  /// Every answer to the frames of the stage was heard: the next stage may be sent; after the last one the stream is open.
  virtual void on_stage_done() = 0;
  /// Login or subscription refused, or the venue ended it: the canonical error says whether to come back soon.
  virtual void on_refused(error) = 0;
  virtual void on_order(order_event) = 0;
  /// An execution that came without its order's state.
  virtual void on_fill(fill_event) = 0;
  virtual void on_balances(balance_event) = 0;
  virtual void on_pong() = 0;
  virtual void on_reply_wanted(std::string frame) = 0;
  virtual void on_broken(std::string reason) = 0;
};

/// How a venue speaks on the private WebSocket of one account: frames out and in, no socket, no clock. State belongs to
/// one connection. `read` takes any bytes. One thread.
class private_wire {
 public:
  virtual ~private_wire() = default;
  virtual const stream_habits& habits() const = 0;
  /// A new connection: forget what the last one said.
  virtual void open() = 0;
  /// Where to connect; `configured` is the configured address without a slash at the end. May hold a token: never logged.
  virtual std::string make_url(std::string_view configured, const stream_access*) const { return std::string(configured); }
  /// Login, then subscriptions: sent one stage after the other. Frames may hold secrets: never recorded, never logged.
  virtual int stages() const = 0;
  virtual result<std::vector<std::string>> make_frames(int stage, const credentials&, const stream_access*, const signing_context&) = 0;
  virtual std::string make_ping(std::int64_t /*id*/) { return {}; }
  /// exchange_errc::protocol when the frame is not as documented; what it said before that was delivered.
  virtual result<void> read(std::string_view frame, const instrument_table&, private_events&) = 0;
};

}  // namespace drover::exchanges
