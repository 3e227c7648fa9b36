#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/timer.hpp"
#include "base/transport.hpp"

namespace drover::app {

/// Outgoing connections of the venues: those that trust the same certificates share them. One thread.
class venue_transports {
public:
  struct clients {
    std::unique_ptr<http_client> http;
    std::unique_ptr<websocket_connector> websockets;
  };

  venue_transports(executor, timer_queue&);

  /// Empty: the system's trust store. errc::io when the file holds no certificates that can be read.
  result<clients*> get(const std::string& ca_file);

private:
  executor executor_;
  timer_queue& timers_;
  std::map<std::string, clients> by_ca_file_;
};

}  // namespace drover::app
