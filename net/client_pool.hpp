#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/client_socket.hpp"

namespace drover::net {

/// Kept-alive connections of one HTTP client, bounded per host. Internal to net/; owner's executor only.
class client_pool : public std::enable_shared_from_this<client_pool> {
 private:
  struct host;
  struct waiter;

 public:
  client_pool(executor, timer_queue&, std::size_t connections_per_host, nanoseconds idle_limit);
  ~client_pool();

  /// The right to use one connection of a host; gives it back when destroyed.
  class lease {
   public:
    lease() = default;
    lease(lease&&) noexcept = default;
    lease& operator=(lease&&) = delete;
    ~lease();
    /// A kept connection that is still usable, or null: then open one with replace().
    client_socket* socket() { return socket_.get(); }
    client_socket& replace();
    /// The connection may serve another request.
    void keep() { reusable_ = true; }

   private:
    friend class client_pool;
    std::shared_ptr<client_pool> pool_;
    host* host_ = nullptr;
    std::unique_ptr<client_socket> socket_;
    bool reusable_ = false;
  };

  /// Waits until the host has a connection to spare; nothing when the deadline passes first or too
  /// many wait already.
  task<std::optional<lease>> acquire(std::string key, step_deadline& deadline);
  /// No more kept connections.
  void close_idle();

 private:
  struct idle_socket {
    std::unique_ptr<client_socket> socket;
    steady_time since;
  };
  struct host {
    std::vector<idle_socket> idle;
    std::size_t leased = 0;
    std::deque<waiter*> waiters;
  };
  lease make_lease(host&);
  void give_back(host&, std::unique_ptr<client_socket>);
  void drop_expired(host&, steady_time now);
  void arm_sweep();
  void sweep();

  executor executor_;
  timer_queue& timers_;
  std::size_t connections_per_host_;
  nanoseconds idle_limit_;
  std::map<std::string, host> hosts_;
  std::optional<timer_id> sweep_timer_;
};

}  // namespace drover::net
