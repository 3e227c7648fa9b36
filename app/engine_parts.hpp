#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "app/broker_services.hpp"
#include "app/copy_services.hpp"
#include "app/credential_probe.hpp"
#include "app/database_gate.hpp"
#include "app/exit_codes.hpp"
#include "app/io_thread.hpp"
#include "app/market_facts.hpp"
#include "app/operator_calls.hpp"
#include "app/process_watch.hpp"
#include "app/raw_services.hpp"
#include "app/reload.hpp"
#include "app/settings.hpp"
#include "app/token_keys.hpp"
#include "app/venue_transports.hpp"
#include "base/offload.hpp"
#include "base/postgres_reader.hpp"
#include "base/service_supervisor.hpp"
#include "base/task_scope.hpp"
#include "engine/bots/bot_service.hpp"
#include "engine/control/trading_control.hpp"
#include "exchanges/raw/spooling_raw_recorder.hpp"
#include "tenants/accounts/key_probes.hpp"
#include "tenants/audit/audit_sealer.hpp"
#include "tenants/proposals/proposal_service.hpp"
#include "tenants/users/login_service.hpp"
#include "tenants/users/user_directory.hpp"
#include "web/web_server.hpp"

namespace drover::app {

/// What the engine consists of, how it is put together, and how it begins and ends. Members in the order of construction: each
/// part only knows those above it, and dies before them.
struct engine_parts {
  engine_parts(settings, settings_reader);

  settings config;
  configuration_reload reload;
  turn_mark_file turns{config.state_folder};
  const drover::clock& wall = system_clock();
  random_source& random = system_random();
  asio::io_context control{1};
  /// From the very start: a signal that comes early is not lost.
  asio::signal_set signals{control, SIGINT, SIGTERM, SIGHUP};

  io_thread trading{"trading"};
  io_thread web{"web"};
  std::unique_ptr<timer_queue> trading_timers = make_timer_queue(trading.get_executor(), wall);
  std::unique_ptr<timer_queue> web_timers = make_timer_queue(web.get_executor(), wall);

  std::unique_ptr<crypto::keyring> keyring;
  std::unique_ptr<database_gate> gate;
  std::unique_ptr<crypto::token_signer> signer;
  std::unique_ptr<worker_pool> hashing;
  std::unique_ptr<worker_pool> spool_workers;
  /// Apart from the spool's, which may be busy with a disk's worth of records.
  std::unique_ptr<worker_pool> note_worker;
  std::unique_ptr<database> web_db;
  std::unique_ptr<database> trading_db;
  std::unique_ptr<database> fills_db;
  std::unique_ptr<postgres_reader> reader;

  std::unique_ptr<tenants::user_store> users;
  std::unique_ptr<tenants::account_store> accounts;
  std::unique_ptr<tenants::account_store> trading_accounts;
  std::unique_ptr<tenants::earnings_store> earnings;
  std::unique_ptr<tenants::audit_store> audit;
  std::unique_ptr<tenants::audit_sealer> audit_sealer;
  std::unique_ptr<tenants::idempotency_store> idempotency;
  std::unique_ptr<engine::bot_store> bots;
  std::unique_ptr<engine::bot_store> trading_bots;
  std::unique_ptr<engine::order_journal> journal;
  std::unique_ptr<engine::order_journal> web_journal;
  std::unique_ptr<engine::history_store> history;
  std::unique_ptr<tenants::user_directory> directory;

  std::unique_ptr<venue_transports> transports;
  std::unique_ptr<exchanges::spooling_raw_recorder> recorder;
  exchange_map venues;
  std::unique_ptr<raw_services> raw_tables;
  std::unique_ptr<engine::price_watch> prices;

  std::unique_ptr<engine::control_store> controls;
  std::unique_ptr<engine::control_note> control_note;

  engine::bot_board board;
  engine::order_counters counters;
  engine::entry_gate entries;
  std::unique_ptr<engine::risk_book> risk;
  std::unique_ptr<tenants::password_hasher> hasher;
  tenants::attempt_guard attempts{{}};
  std::unique_ptr<tenants::second_factor_store> second_factors;
  std::unique_ptr<tenants::second_factor_service> second_factor;
  std::unique_ptr<tenants::login_service> login;
  std::unique_ptr<tenants::registration_service> registration;
  std::unique_ptr<tenants::account_service> account_service;
  std::unique_ptr<tenants::key_probes> key_probes;
  std::unique_ptr<tenants::proposal_store> proposal_rows;
  std::unique_ptr<tenants::proposal_service> proposals;
  std::unique_ptr<engine::bot_service> bot_service;
  std::unique_ptr<copy_services> copy;
  std::unique_ptr<engine::bot_manager> manager;
  std::unique_ptr<engine::trading_control> kill_switch;
  std::unique_ptr<web::web_server> server;
  std::unique_ptr<database_listener> listener;
  std::unique_ptr<service_supervisor> trading_services;
  std::unique_ptr<service_supervisor> web_services;
  std::unique_ptr<task_scope> web_scope;
  /// What the process answers when it stops by itself.
  std::atomic<int> exit_status = exit_ok;
  std::atomic<bool> trades = false;
  std::atomic<bool> stops = false;
  std::unique_ptr<process_watch> watch;
  std::unique_ptr<tenants::key_rotation> rotation;
  std::unique_ptr<operator_calls> operator_work;
  std::unique_ptr<net::local_server> operator_socket;
  std::unique_ptr<broker_services> broker;
  /// It stops in order to go on without keys.
  std::atomic<bool> sealing = false;

  // engine_parts.cpp: building, once each, in this order.
  void build_stores(token_keys);
  result<void> build_venues();
  void build_services();
  void build_manager();
  void build_control();
  void build_web();
  void build_supervisors();
  void build_watch();
  void build_operator_socket();
  void build_broker();
  std::string describe() const;

  /// What changed in the configuration and may be taken over, each part on its own thread. Main thread.
  void adopt(const settings&);
  void take_up_token_keys(const secret& text);

  // engine_process.cpp: from the first connection of the database to the last drop of the spool.
  void build_listener();
  void open_for_business();
  task<void> enter_later();
  task<void> follow_lock();
  void stop_because(error);
  void begin_trading();
  task<void> look_at_key(account_id);
  task<void> refresh_user(user_id);
  task<void> reload_users();
  task<void> note_token_use();
  task<result<void>> load_rules(task<result<void>> load_controls);
  void on_notification(std::string_view channel, std::string_view payload);
  task<void> return_start_memory();
  task<void> forget_old_keys();
  task<void> stop_trading();
  task<void> stop_web();
  task<void> sign_last_head();
  task<void> stop_all();
};

}  // namespace drover::app
