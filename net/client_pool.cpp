#include "net/client_pool.hpp"

#include <algorithm>

namespace drover::net {

namespace {

/// Requests of one host that wait for a connection; one more is refused at once.
constexpr std::size_t waiter_limit_per_host = 65'536;

}  // namespace

/// A request without a connection. Lives in its coroutine; whoever grants it counts the lease at once, so that nobody
/// else takes the place before it wakes up.
struct client_pool::waiter {
  waiter(client_pool& p, host& h) : pool(p), where(h), wake(p.executor_) { where.waiters.push_back(this); }
  ~waiter() {
    if (!granted) std::erase(where.waiters, this);
    if (granted && !taken) pool.give_back(where, nullptr);
  }
  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;

  client_pool& pool;
  host& where;
  wake_event wake;
  bool granted = false, taken = false;
};

client_pool::client_pool(executor ex, timer_queue& timers, std::size_t connections_per_host, nanoseconds idle_limit)
    : executor_(std::move(ex)), timers_(timers), connections_per_host_(connections_per_host), idle_limit_(idle_limit) {}

client_pool::~client_pool() { close_idle(); }

client_pool::lease::~lease() {
  if (pool_) pool_->give_back(*host_, reusable_ ? std::move(socket_) : nullptr);
}

client_socket& client_pool::lease::replace() {
  reusable_ = false;
  socket_ = std::make_unique<client_socket>(pool_->executor_);
  return *socket_;
}

task<std::optional<client_pool::lease>> client_pool::acquire(std::string key, step_deadline& deadline) {
  auto& where = hosts_[std::move(key)];
  if (where.leased < connections_per_host_) {
    ++where.leased;
    co_return make_lease(where);
  }
  if (where.waiters.size() >= waiter_limit_per_host) co_return std::nullopt;
  waiter w(*this, where);
  deadline.set_canceller([&w] { w.wake.notify(); });
  co_await w.wake.wait();
  deadline.set_canceller({});
  if (!w.granted || deadline.expired()) co_return std::nullopt;
  w.taken = true;
  co_return make_lease(where);
}

client_pool::lease client_pool::make_lease(host& where) {
  lease l;
  l.pool_ = shared_from_this();
  l.host_ = &where;
  drop_expired(where, timers_.get_clock().now());
  while (!where.idle.empty() && !l.socket_) {
    auto socket = std::move(where.idle.back().socket);
    where.idle.pop_back();
    if (socket->is_usable()) l.socket_ = std::move(socket);
  }
  return l;
}

void client_pool::give_back(host& where, std::unique_ptr<client_socket> socket) {
  if (socket) {
    where.idle.push_back({std::move(socket), timers_.get_clock().now()});
    arm_sweep();
  }
  if (where.waiters.empty()) {
    --where.leased;
    return;
  }
  waiter* next = where.waiters.front();
  where.waiters.pop_front();
  next->granted = true;
  next->wake.notify();
}

void client_pool::drop_expired(host& where, steady_time now) {
  // Kept oldest first, taken from the back: the expired ones are in front.
  const auto fresh = std::find_if(where.idle.begin(), where.idle.end(),
                                  [&](const idle_socket& i) { return now - i.since < idle_limit_; });
  where.idle.erase(where.idle.begin(), fresh);
}

void client_pool::arm_sweep() {
  if (sweep_timer_) return;
  sweep_timer_ = timers_.call_after(idle_limit_, [weak = weak_from_this()] {
    if (auto pool = weak.lock()) pool->sweep();
  });
}

void client_pool::sweep() {
  sweep_timer_.reset();
  bool any = false;
  for (auto& [key, where] : hosts_) {
    drop_expired(where, timers_.get_clock().now());
    any = any || !where.idle.empty();
  }
  if (any) arm_sweep();
}

void client_pool::close_idle() {
  for (auto& [key, where] : hosts_) where.idle.clear();
  if (sweep_timer_) timers_.cancel(*sweep_timer_);
  sweep_timer_.reset();
}

}  // namespace drover::net
