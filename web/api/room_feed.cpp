#include <limits>

#include "engine/copy/room_service.hpp"
#include "web/api/handlers.hpp"
#include "web/api/room_json.hpp"
#include "web/query_reader.hpp"

namespace drover::web::api {

namespace {

using engine::feed_page;
using engine::room_id;

constexpr std::int64_t any_id = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t cursor_limit = 48;

}  // namespace

/// GET /api/rooms/{id}/signals: what the lead traded, newest first; to a follower what came while following.
task<answer> handle_list_signals(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  query_reader query(r);
  feed_page page;
  page.limit = static_cast<int>(query.integer("limit", page.limit, 1, 200));
  page.before_fill = query.integer("cursor", 0, 0, any_id);
  if (auto wrong = query.finish()) co_return refuse(std::move(*wrong));
  auto found = co_await s.parts.rooms->store().list_signals(r.caller_id(), room_id(*id), page);
  if (!found) co_return refuse(found.error());
  json_writer w(128 + found->size() * 256);
  w.begin_object().key("items").begin_array();
  for (const auto& signal : *found) write_signal(w, signal);
  w.end_array().key("next_cursor");
  if (std::cmp_equal(found->size(), page.limit))
    w.value(std::to_string(found->back().key.fill.value));
  else
    w.null();
  w.end_object();
  co_return json_response(200, w.take());
}

/// GET /api/rooms/{id}/receipts?signal=: what became of signals; the lead sees everybody's outcome, a follower all of
/// their own.
task<answer> handle_list_receipts(request& r, services& s) {
  auto id = r.id_parameter();
  if (!id) co_return refuse(id.error());
  query_reader query(r);
  feed_page page;
  page.limit = static_cast<int>(query.integer("limit", page.limit, 1, 200));
  page.of_fill = query.integer("signal", 0, 0, any_id);
  if (const auto cursor = query.text("cursor", cursor_limit)) {
    // "<signal>.<account>": the same form as a signal's id.
    const auto at = engine::parse_signal_id(*cursor);
    if (!at) query.complain("cursor", "must be the next_cursor of the page before");
    if (at) page.before_fill = at->room.value;
    if (at) page.after_account = account_id(at->fill.value);
  }
  if (auto wrong = query.finish()) co_return refuse(std::move(*wrong));
  auto seen = co_await s.parts.rooms->store().get_room(r.caller_id(), room_id(*id));
  if (!seen) co_return refuse(seen.error());
  auto found = co_await s.parts.rooms->store().list_receipts(r.caller_id(), room_id(*id), page);
  if (!found) co_return refuse(found.error());
  const bool own = seen->role != engine::room_role::lead;
  json_writer w(128 + found->size() * 512);
  w.begin_object().key("items").begin_array();
  for (const auto& receipt : *found) write_receipt(w, receipt, own);
  w.end_array().key("next_cursor");
  if (std::cmp_equal(found->size(), page.limit))
    w.value(std::to_string(found->back().receipt.key.fill.value) + "." +
            std::to_string(found->back().receipt.account.value));
  else
    w.null();
  w.end_object();
  co_return json_response(200, w.take());
}

}  // namespace drover::web::api
