#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/task_scope.hpp"
#include "exchanges/exchange.hpp"

namespace drover::exchanges {

/// Counts who wants which instrument and hands each ticker to all of them: one upstream subscription, any number of
/// subscribers. Subscribing and unsubscribing are allowed inside a callback. Trading thread only.
class market_data_hub {
 public:
  using ticker = std::shared_ptr<const book_ticker>;
  using callback = std::function<void(const ticker&)>;
  /// Called when the first subscriber of a symbol comes (true) and when the last one goes (false).
  using interest = std::function<void(const std::string& symbol, bool wanted)>;

  /// `scope` runs the replay of the last ticker to new subscribers; it and the hub die together.
  market_data_hub(task_scope& scope, interest on_interest);
  ~market_data_hub();
  market_data_hub(const market_data_hub&) = delete;
  market_data_hub& operator=(const market_data_hub&) = delete;

  /// The handle may outlive the hub.
  std::unique_ptr<market_subscription> subscribe(const std::string& symbol, callback on_ticker);
  /// To all subscribers of its symbol, in the order they came.
  void publish(const ticker&);
  /// What was known is stale (connection lost): new subscribers wait for the next ticker. `symbol` empty = all.
  void forget(std::string_view symbol = {});

  std::size_t subscribers(const std::string& symbol) const;

 private:
  struct subscriber;
  struct topic;
  class handle;
  void drop_topic(const std::string& symbol);
  void schedule_replay(const std::shared_ptr<topic>&);

  task_scope& scope_;
  interest on_interest_;
  std::unordered_map<std::string, std::shared_ptr<topic>> topics_;
};

}  // namespace drover::exchanges
