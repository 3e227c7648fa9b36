#pragma once

#include <optional>
#include <string>

#include "exchanges/binance/rest.hpp"
#include "exchanges/binance/user_stream_pool.hpp"
#include "exchanges/instrument_cache.hpp"

namespace drover::exchanges::binance {

/// What the accounts use of their venue; shared, so that an account may outlive the exchange object.
struct account_services {
  rest_api& rest;
  instrument_cache& instruments;
  user_stream_pool& streams;
  milliseconds receive_window;
};

/// Trading on one Binance spot account.
class account final : public exchange_account {
 public:
  /// Pages of trades read in one call of fetch_fills; more is errc::out_of_range (1,000 trades a page).
  static constexpr int fill_page_limit = 500;
  static constexpr int fills_per_page = 1000;

  /// `owner` keeps `services` alive.
  account(std::shared_ptr<void> owner, account_services, credential_source, std::string label);
  ~account() override;

  task<result<permissions>> fetch_permissions() override;
  task<result<std::vector<balance>>> fetch_balances(lane) override;
  task<result<order>> place_order(order_request, milliseconds validity_window) override;
  task<result<order>> cancel_order(order_ref, lane) override;
  task<result<order>> find_order(order_ref, lane) override;
  task<result<void>> cancel_all_orders(std::string symbol, lane) override;
  task<result<void>> set_dead_man(milliseconds after) override;
  task<result<std::vector<order>>> fetch_open_orders(std::string symbol, lane) override;
  task<result<std::vector<fill>>> fetch_fills(std::string symbol, fill_cursor after, lane) override;
  void subscribe(std::function<void(const account_event&)> on_event) override;

 private:
  task<result<std::string>> call(endpoint, std::string params, lane, milliseconds receive_window);
  task<result<std::string>> call(endpoint, std::string params, lane);
  result<order> read_order(request_kind, const std::string& body, const std::string& symbol) const;

  std::shared_ptr<void> owner_;
  account_services services_;
  credential_source keys_;
  std::string label_;
  std::optional<slot_id> slot_;
};

}  // namespace drover::exchanges::binance
