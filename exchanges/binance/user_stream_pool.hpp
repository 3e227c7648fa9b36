#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/task_scope.hpp"
#include "exchanges/binance/rest.hpp"
#include "exchanges/binance/user_stream.hpp"
#include "exchanges/instrument_cache.hpp"

namespace drover::exchanges::binance {

/// Spreads the accounts' private streams over as few WebSocket API connections as the venue allows. Trading thread only.
class user_stream_pool {
 public:
  using handler = std::function<void(const account_event&)>;

  user_stream_pool(const exchange_config&, const exchange_parts&, task_scope&, rest_api&, rate_ledger&, clock_sync&,
                   instrument_cache&);

  /// Events come from later turns of the executor until remove().
  slot_id add(handler, credential_source, std::string label);
  void remove(slot_id);

  std::size_t connections() const { return lines_.size(); }
  std::uint64_t reconnects() const;

 private:
  struct line;
  struct member {
    std::shared_ptr<handler> on_event;
    credential_source keys;
    line* on = nullptr;
  };
  /// Events name instruments, so the table comes first.
  task<void> run_open();
  void place(slot_id, std::string label);
  line& find_line();
  user_stream::parts make_parts();
  /// Nothing when it was had, else how long to wait.
  std::optional<nanoseconds> take_weight(int weight);
  result<std::string> make_subscribe(slot_id, std::string_view request_id);
  void deliver(slot_id, const account_event&);
  void handle_refusal(const error&);

  stream_config config_;
  milliseconds receive_window_;
  exchange_parts parts_;
  task_scope& scope_;
  rest_api& rest_;
  rate_ledger& ledger_;
  clock_sync& clock_;
  instrument_cache& instruments_;
  std::map<slot_id, member> members_;
  std::vector<std::pair<slot_id, std::string>> unplaced_;
  std::vector<std::unique_ptr<line>> lines_;
  std::uint64_t next_slot_ = 1;
  bool opening_ = false;
  bool open_ = false;

 public:
  ~user_stream_pool();
};

}  // namespace drover::exchanges::binance
