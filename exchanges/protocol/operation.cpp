#include "exchanges/protocol/operation.hpp"

#include <array>
#include <utility>

namespace drover::exchanges {

namespace {

constexpr std::array operation_names{
    std::pair{operation::server_time, std::string_view("server_time")},
    std::pair{operation::instruments, std::string_view("instruments")},
    std::pair{operation::ticker, std::string_view("ticker")},
    std::pair{operation::trades, std::string_view("trades")},
    std::pair{operation::book, std::string_view("book")},
    std::pair{operation::candles, std::string_view("candles")},
    std::pair{operation::permissions, std::string_view("permissions")},
    std::pair{operation::balances, std::string_view("balances")},
    std::pair{operation::create_order, std::string_view("create_order")},
    std::pair{operation::cancel_order, std::string_view("cancel_order")},
    std::pair{operation::cancel_all_orders, std::string_view("cancel_all_orders")},
    std::pair{operation::find_order, std::string_view("find_order")},
    std::pair{operation::open_orders, std::string_view("open_orders")},
    std::pair{operation::fills, std::string_view("fills")},
    std::pair{operation::stream_access, std::string_view("stream_access")},
    std::pair{operation::keep_stream_access, std::string_view("keep_stream_access")},
    std::pair{operation::set_dead_man, std::string_view("set_dead_man")},
};

constexpr auto operations = [] {
  std::array<operation, operation_names.size()> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = operation_names[i].first;
  return out;
}();

struct interval_name {
  candle_interval interval;
  std::string_view name;
  seconds length;
};
constexpr std::array interval_names{
    interval_name{candle_interval::m1, "1m", seconds(60)},      interval_name{candle_interval::m5, "5m", seconds(300)},
    interval_name{candle_interval::m15, "15m", seconds(900)},   interval_name{candle_interval::h1, "1h", seconds(3'600)},
    interval_name{candle_interval::h4, "4h", seconds(14'400)},  interval_name{candle_interval::d1, "1d", seconds(86'400)},
};

}  // namespace

std::string_view to_string(operation op) { return operation_names[static_cast<std::size_t>(op)].second; }

result<operation> parse_operation(std::string_view name) {
  std::string known;
  for (const auto& [op, text] : operation_names) {
    if (text == name) return op;
    known += (known.empty() ? "" : ", ") + std::string(text);
  }
  return fail(errc::not_found, "unknown operation \"" + std::string(name) + "\" (known: " + known + ")");
}

std::span<const operation> all_operations() { return operations; }

bool is_write(operation op) {
  return op == operation::create_order || op == operation::cancel_order || op == operation::cancel_all_orders ||
         op == operation::set_dead_man;
}

bool is_private(operation op) { return op >= operation::permissions; }

std::string_view to_string(candle_interval i) { return interval_names[static_cast<std::size_t>(i)].name; }
seconds length_of(candle_interval i) { return interval_names[static_cast<std::size_t>(i)].length; }

result<candle_interval> parse_candle_interval(std::string_view text) {
  for (const auto& i : interval_names)
    if (i.name == text) return i.interval;
  return fail(errc::malformed, "unknown interval (known: 1m, 5m, 15m, 1h, 4h, 1d)");
}

}  // namespace drover::exchanges
