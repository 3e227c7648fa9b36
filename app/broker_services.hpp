#pragma once

#include <functional>
#include <memory>

#include "app/credential_probe.hpp"
#include "app/settings.hpp"
#include "engine/broker/key_broker.hpp"
#include "net/line_server.hpp"

namespace drover::app {

struct broker_service_parts {
  const settings& config;
  /// Of the web thread, where the broker lives.
  executor web;
  timer_queue& timers;
  executor trading;
  random_source& random;
  const crypto::keyring& keyring;
  database& db;
  tenants::account_store& accounts;
  tenants::audit_store& audit;
  /// On the trading thread.
  const exchange_map& venues;
  const engine::entry_gate& gate;
  std::function<bool()> is_locked_down;
  std::function<bool()> is_open;
};

/// The key broker and its socket, where the configuration wants one; otherwise every call does nothing. On the web
/// thread.
class broker_services {
public:
  explicit broker_services(broker_service_parts);
  /// errc::io: the socket cannot be had. What the exchanges' protocols say of the configuration.
  result<void> open();
  void start();
  task<void> stop();

private:
  task<secret> answer(net::local_peer, secret line);
  task<engine::trading_word> ask_trading(engine::order_owner, std::string venue);
  task<engine::trading_word> read_word(engine::order_owner, std::string venue) const;

  broker_service_parts parts_;
  engine::signing_venues signers_;
  std::unique_ptr<tenants::broker_client_store> clients_;
  std::unique_ptr<engine::key_broker> broker_;
  std::unique_ptr<net::line_server> socket_;
};

/// The broker's socket of an engine without keys: it answers "sealed". Null where the configuration wants no broker.
std::unique_ptr<net::line_server> make_sealed_broker(executor, timer_queue&, const broker_settings&);

}  // namespace drover::app
