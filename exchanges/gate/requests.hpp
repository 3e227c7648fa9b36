#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "exchanges/protocol/operation.hpp"
#include "exchanges/protocol/wire_request.hpp"

namespace drover::exchanges::gate {

/// What the steps of the operations are, for both sides of the conversation.
/// find_order by client id: first the order itself (only known while open), then the list of finished orders page by page.
/// fills with a `since`: first the venue's time, which ends the list; then windows of seven days, page by page.
bool asks_finished_orders(const venue_call&);
bool asks_time_first(const venue_call&);
/// A window of fills: "from" and "to" in seconds and the page, as they travel in venue_call::cursor. Whole seconds; `end` is the
/// end of the whole list.
struct fill_window {
  std::int64_t from = 0, end = 0;
  int page = 1;
};
std::string to_cursor(fill_window);
std::optional<fill_window> parse_cursor(std::string_view);

/// Rows a page, by list.
inline constexpr int orders_per_page = 100, fills_per_page = 1000;
/// Longest that one list of fills may reach.
inline constexpr std::int64_t fill_window_s = 7 * 24 * 3600;
/// Steps of one operation at most.
inline constexpr int most_steps = 100, most_finished_pages = 20;

result<wire_request> make_request(const venue_call&);

}  // namespace drover::exchanges::gate
