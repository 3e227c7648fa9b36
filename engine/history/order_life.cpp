#include "engine/history/order_life.hpp"

namespace drover::engine {

namespace {

std::string describe_intent(const order_intent& i) {
  auto text = std::string(exchanges::to_string(i.side)) + " " + i.quantity.to_string() + " " + i.symbol;
  if (i.type == exchanges::order_type::market) return text + " at the market";
  return text + " at " + i.price.to_string() + " (" + std::string(exchanges::to_string(i.type)) + ", " +
         std::string(exchanges::to_string(i.tif)) + ")";
}

std::string or_else(const std::string& text, const char* otherwise) { return text.empty() ? otherwise : text; }

/// The moment at which the request left is written with what became of it.
life_event describe_sending(const journal_order& o, std::optional<wall_time> sent_at) {
  life_event out{.event = "sent", .happened = true, .at = sent_at, .detail = "Sent once, after the intent was stored"};
  if (!sent_at && (o.state == intent_state::intended || o.state == intent_state::unknown)) {
    out.happened.reset();
    out.detail = "It may have been sent; the exchange refuses it after " + to_rfc3339(o.intent.dead_after);
  }
  if (o.state == intent_state::not_placed) {
    out.happened.reset();
    out.detail = "If it left at all, it did not arrive: " + or_else(o.reason, "the exchange never had it");
  }
  return out;
}

std::string describe_doubt(const journal_order& o) {
  if (o.state == intent_state::unknown)
    return "What became of it is not known: " + or_else(o.reason, "no answer came") + "; the exchange is being asked";
  return "What became of it was not known for a while";
}

life_event describe_fill(const fill_record& f) {
  auto text = f.fill.quantity.to_string() + " at " + f.fill.price.to_string();
  if (!f.fill.fee.is_zero()) text += ", fee " + f.fill.fee.to_string() + " " + f.fill.fee_asset;
  return {.event = "fill", .happened = true, .at = f.fill.at, .detail = text + ", trade " + f.fill.trade_id};
}

/// How it ended, or what it waits for.
void add_end(std::vector<life_event>& events, const order_record& r) {
  const auto& o = r.order;
  const std::string status(exchanges::to_string(o.status));
  if (o.state == intent_state::refused)
    events.push_back({"refused", true, r.times.ended_at, or_else(o.reason, "The exchange refused it")});
  if (o.state == intent_state::not_placed)
    events.push_back({"not_placed", true, r.times.ended_at, or_else(o.reason, "The exchange never had it")});
  if (o.state == intent_state::accepted && exchanges::is_terminal(o.status))
    events.push_back({"ended", true, {}, "The exchange says " + status + " with " + o.reported_quantity.to_string() + " filled; " +
                                             o.filled_quantity.to_string() + " of it is booked so far"});
  if (o.state == intent_state::closed)
    events.push_back({"closed", true, r.times.ended_at, status + ", " + o.filled_quantity.to_string() + " of " +
                                                            o.intent.quantity.to_string() + " filled"});
}

}  // namespace

std::vector<life_event> describe_life(const order_record& r, const std::vector<fill_record>& fills) {
  const auto& o = r.order;
  std::vector<life_event> events;
  events.push_back({"intent", true, o.intent.created_at, describe_intent(o.intent)});
  events.push_back(describe_sending(o, r.times.sent_at));
  if (r.times.unknown_at || o.state == intent_state::unknown)
    events.push_back({"unknown", true, r.times.unknown_at, describe_doubt(o)});
  const bool exists = o.state == intent_state::accepted || o.state == intent_state::closed;
  if (exists) {
    auto detail = o.venue_order_id.empty() ? std::string("The exchange has it") : "The exchange has it as " + o.venue_order_id;
    events.push_back({"accepted", true, r.times.accepted_at, std::move(detail)});
  }
  for (const auto& f : fills) events.push_back(describe_fill(f));
  add_end(events, r);
  return events;
}

}  // namespace drover::engine
