#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "exchanges/protocol/private_wire.hpp"

namespace drover::exchanges::binance {

/// One account's user data stream on a WebSocket API connection of its own; user_stream carries many on one.
class private_wire final : public exchanges::private_wire {
 public:
  const stream_habits& habits() const override;
  void open() override { subscription_.reset(); }
  std::string make_url(std::string_view configured, const stream_access*) const override;
  int stages() const override { return 1; }
  result<std::vector<std::string>> make_frames(int stage, const credentials&, const stream_access*,
                                               const signing_context&) override;
  result<void> read(std::string_view frame, const instrument_table&, private_events&) override;

 private:
  std::optional<std::int64_t> subscription_;
};

}  // namespace drover::exchanges::binance
