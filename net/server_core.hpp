#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive_ptr.hpp>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/timer.hpp"
#include "net/http_server.hpp"
#include "net/request_framing.hpp"

/// What the parts of one HTTP server share. Internal to net/; on the server's thread only.
namespace drover::net {

using io_executor = asio::io_context::executor_type;
/// The executor type is spelled out: any_io_executor costs 40 bytes a socket and an indirection a call.
using server_socket = asio::basic_stream_socket<asio::ip::tcp, io_executor>;
using auto_unlink_hook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

inline constexpr steady_time never{nanoseconds::max()};
/// How long a connection that was told to go may take to close its side.
inline constexpr nanoseconds linger_limit = 1s;

struct server_core;

/// One connection counted against its address; gives the place back when destroyed.
class address_lease {
 public:
  struct entry {
    std::string text;
    std::size_t connections = 0;
  };
  address_lease() = default;
  address_lease(server_core& core, entry& e) : core_(&core), entry_(&e) {}
  address_lease(address_lease&& other) noexcept
      : core_(std::exchange(other.core_, nullptr)), entry_(std::exchange(other.entry_, nullptr)) {}
  address_lease& operator=(address_lease&&) = delete;
  ~address_lease();
  const std::string& text() const { return entry_->text; }

 private:
  server_core* core_ = nullptr;
  entry* entry_ = nullptr;
};

/// An HTTP connection as the sweep and stop() see it. Its coroutine sets deadlines; the sweep enforces them, so that a
/// request costs no timer.
class http_connection_base : public auto_unlink_hook {
 public:
  virtual ~http_connection_base() = default;
  /// Ends the pending socket operation; the coroutine sees operation_aborted and looks at expired().
  virtual void cancel_io() = 0;
  virtual void cut() = 0;

  void sweep(steady_time now) {
    if (now < deadline_) return;
    expired_ = true;
    cancel_io();
  }
  void end_if_idle() {
    if (idle_) cancel_io();
  }

 protected:
  steady_time deadline_ = never;
  bool expired_ = false;
  /// Between requests, not a byte of the next one seen.
  bool idle_ = false;
};

/// A WebSocket as the core sees it. Counted references: pending operations and the flush list hold it.
class websocket_connection : public websocket_session, public auto_unlink_hook {
 public:
  virtual void sweep(steady_time now) = 0;
  virtual void flush() = 0;

 private:
  friend void intrusive_ptr_add_ref(websocket_connection* c) { ++c->references_; }
  friend void intrusive_ptr_release(websocket_connection* c) {
    if (--c->references_ == 0) delete c;
  }
  unsigned references_ = 0;
};

using unlinking_lists = boost::intrusive::constant_time_size<false>;

struct server_core : std::enable_shared_from_this<server_core> {
  server_core(io_executor, timer_queue&, http_server_config, std::shared_ptr<http_handler>);

  io_executor executor;
  timer_queue& timers;
  http_server_config config;
  framing_limits limits;
  std::shared_ptr<http_handler> handler;
  logger log{"net"};
  http_server::statistics counts;
  bool stopping = false;
  /// Notified whenever a connection is gone while stopping.
  wake_event departures;
  boost::intrusive::list<http_connection_base, unlinking_lists> connections;
  boost::intrusive::list<websocket_connection, unlinking_lists> websockets;
  /// All WebSockets read into this one buffer; nothing in it lives longer than one callback.
  std::vector<char> scratch;
  /// And gather what they write in this one, for one system call at a time.
  std::vector<asio::const_buffer> output_buffers;

  steady_time now() const { return timers.get_clock().now(); }
  /// "Date: …\r\n" of this second.
  std::string_view date_header();

  /// Nothing when there are too many connections, or too many of this address.
  std::optional<address_lease> lease_address(const asio::ip::address&);

  void add(http_connection_base&);
  void add(websocket_connection&);
  void note_departure();
  /// Writes what the session has queued at the next turn: all frames due by then leave together.
  void flush_soon(boost::intrusive_ptr<websocket_connection>);
  void stop_sweeping();

 private:
  friend class address_lease;
  void arm_http_sweep();
  void arm_websocket_sweep();
  void run_http_sweep();
  void run_websocket_sweep();
  void flush_all();

  std::unordered_map<std::string, address_lease::entry> addresses_;
  std::vector<boost::intrusive_ptr<websocket_connection>> to_flush_, flushing_;
  bool flush_posted_ = false;
  std::optional<timer_id> http_sweep_, websocket_sweep_;
  nanoseconds http_sweep_interval_, websocket_sweep_interval_;
  std::string date_;
  std::int64_t date_second_ = std::numeric_limits<std::int64_t>::min();
};

}  // namespace drover::net
