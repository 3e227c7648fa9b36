#pragma once

#include <functional>
#include <memory>

#include "simulation/venue_link.hpp"

namespace drover::simulation {

/// An account's private stream as an engine hears it: events are lost, repeated, late and out of order, the connection
/// breaks and what happens meanwhile is not told.
class link_stream : public std::enable_shared_from_this<link_stream> {
public:
  link_stream(std::shared_ptr<link_core>, int account, std::function<void(const exchanges::account_event&)>);
  /// Connects; after a break it does so by itself.
  void open();

private:
  void hear(const exchanges::order&, const exchanges::fill*);
  void send(exchanges::account_event);
  void deliver(const exchanges::account_event&);
  void plan_break();

  std::shared_ptr<link_core> core_;
  int account_;
  std::function<void(const exchanges::account_event&)> on_event_;
  bool connected_ = false;
  steady_time last_delivery_;
  std::shared_ptr<stream_listener> listener_;
};

}  // namespace drover::simulation
