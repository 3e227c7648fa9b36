#pragma once

#include <memory>
#include <optional>
#include <string>

#include "exchanges/runtime/dead_man.hpp"
#include "exchanges/runtime/venue_core.hpp"

namespace drover::exchanges {

/// Trading on one set of credentials at any venue.
class venue_account final : public exchange_account {
 public:
  venue_account(std::shared_ptr<venue_core>, credential_source, std::string label);
  ~venue_account() override;

  task<result<permissions>> fetch_permissions() override;
  task<result<std::vector<balance>>> fetch_balances(lane) override;
  task<result<order>> place_order(order_request, send_terms) override;
  task<result<order>> cancel_order(order_ref, lane) override;
  task<result<order>> find_order(order_ref, lane) override;
  task<result<void>> cancel_all_orders(std::string symbol, lane) override;
  task<result<void>> set_dead_man(milliseconds after) override;
  task<result<std::vector<order>>> fetch_open_orders(std::string symbol, lane) override;
  task<result<std::vector<fill>>> fetch_fills(std::string symbol, fill_cursor after, lane) override;
  void subscribe(std::function<void(const account_event&)> on_event) override;
  connection_health get_health() const override;

 private:
  venue_call make_call(operation) const;

  std::shared_ptr<venue_core> core_;
  std::shared_ptr<key_session> keys_;
  std::optional<slot_id> slot_;
  std::optional<dead_man_guard> dead_man_;
};

}  // namespace drover::exchanges
