#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/backoff.hpp"
#include "exchanges/registry.hpp"
#include "exchanges/runtime/circuit_breaker.hpp"

namespace drover::exchanges {

/// What a venue says and expects on one WebSocket, without a socket: events go in, frames to send come out.
class stream_protocol {
 public:
  virtual ~stream_protocol() = default;

  /// False lets the connection close and stay closed until poked.
  virtual bool wants_connection() const = 0;
  virtual void on_open(steady_time now) = 0;
  /// A whole message, already recorded.
  virtual void on_message(std::string_view frame, steady_time now) = 0;
  /// The connection that on_open announced is gone.
  virtual void on_close(std::string_view reason, steady_time now) = 0;

  struct action {
    /// To be sent now, in order.
    std::vector<std::string> frames;
    /// Ask again at this time even if nothing else happens.
    std::optional<steady_time> wake_at;
    /// Not empty: this connection is of no use any more; close it and open another.
    std::string give_up;
  };
  /// What to do now. Called while connected: after on_open, after each message, when poked and at `wake_at`.
  virtual action next_action(steady_time now) = 0;

  /// Whose data the frame is, for the raw record ("" = public). Must be cheap and trust nothing.
  virtual std::string_view account_of(std::string_view) const { return {}; }
  /// The protocol notes gaps itself, one for each account that it concerns; the connection notes none then.
  virtual bool notes_gaps() const { return false; }
};

/// Where to connect to, and from which local address (empty: the system's choice).
struct stream_target {
  std::string url, source_address;
};

struct stream_config {
  /// Asked before each connection; may fetch a token, or wait for the venue's leave.
  std::function<task<result<stream_target>>()> find_target;
  /// Raw record stream, "binance.market".
  std::string name;
  /// No frame of any kind for so long = the connection is dead.
  nanoseconds idle_limit = 30s;
  /// Connections are renewed at this age, minus up to a tenth of it by chance (venues end them at a fixed one).
  nanoseconds life_limit = 23h;
  /// Called at that age instead, when given: the owner opens another connection beside this one, and lets this one go within
  /// `handover_limit`, after which it is renewed as without.
  std::function<void()> on_renewal;
  nanoseconds handover_limit = 60s;
  milliseconds backoff_floor{250}, backoff_ceiling{30'000};
  /// Shared by all streams of the venue: while nobody gets through, one of them tries at a time. May be null.
  circuit_breaker* gate = nullptr;
};

/// Keeps one WebSocket of a venue open and feeds its protocol: connects, records, reconnects with jitter, notes what could
/// not be received as a gap. Trading thread only; run() and run_sender() are spawned in the owner's scope.
class stream_connection {
 public:
  stream_connection(const exchange_parts&, stream_config, stream_protocol&);
  ~stream_connection();
  stream_connection(const stream_connection&) = delete;
  stream_connection& operator=(const stream_connection&) = delete;

  task<void> run();
  task<void> run_sender();
  /// Something changed: ask the protocol again.
  void poke();

  bool connected() const { return client_ != nullptr; }
  std::optional<steady_time> last_frame_at() const { return last_frame_at_; }
  std::uint64_t reconnects() const { return reconnects_; }

 private:
  task<std::string> receive_all(std::shared_ptr<websocket_client> client);
  task<result<std::unique_ptr<websocket_client>>> connect();
  task<void> pass_gate();
  task<void> pause();
  /// True: end it.
  bool is_due(steady_time now);
  void opened();
  void closed(std::string_view reason);

  exchange_parts parts_;
  stream_config config_;
  stream_protocol& protocol_;
  std::shared_ptr<websocket_client> client_;
  wake_event connect_wanted_, sender_wanted_;
  backoff backoff_;
  steady_time opened_at_{}, renew_at_{};
  std::optional<steady_time> last_frame_at_;
  wall_time last_frame_wall_{};
  std::optional<wall_time> lost_at_;
  std::string lost_reason_;
  std::uint64_t reconnects_ = 0;
  bool probing_ = false, renewal_told_ = false;
};

}  // namespace drover::exchanges
