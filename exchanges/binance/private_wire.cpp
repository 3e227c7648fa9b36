#include "exchanges/binance/private_wire.hpp"

#include <utility>

#include "exchanges/binance/endpoints.hpp"
#include "exchanges/binance/errors.hpp"
#include "exchanges/binance/parse.hpp"
#include "exchanges/binance/signing.hpp"

namespace drover::exchanges::binance {

namespace {
/// Private streams are quiet; the venue pings every 20 s.
constexpr stream_habits private_habits{.topics_per_connection = 1, .idle_limit = 60s, .life_limit = 23h, .answer_limit = 10s};
constexpr std::string_view request_id = "1";
}  // namespace

const stream_habits& private_wire::habits() const { return private_habits; }

std::string private_wire::make_url(std::string_view configured, const stream_access*) const { return ws_api_url(configured); }

result<std::vector<std::string>> private_wire::make_frames(int, const credentials& keys, const stream_access*,
                                                           const signing_context& context) {
  std::vector<std::string> frames;
  auto frame = make_subscribe_frame(keys, request_id, context.server_now.ms(), context.validity_window);
  if (!frame) return std::unexpected(std::move(frame.error()));
  frames.push_back(std::move(*frame));
  return frames;
}

result<void> private_wire::read(std::string_view frame, const instrument_table& table, private_events& events) {
  auto parsed = parse_user_frame(frame, table);
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  if (const auto* answer = std::get_if<user_answer>(&*parsed)) {
    if (answer->id != request_id) return {};
    if (answer->subscription_id) {
      subscription_ = answer->subscription_id;
      events.on_stage_done();
    } else {
      const auto said = answer->refusal.value_or(venue_error{});
      events.on_refused(classify(operation::stream_access, answer->status, said.code, said.message, std::nullopt));
    }
    return {};
  }
  auto* event = std::get_if<user_event>(&*parsed);
  // A wire that heard no answer reads one recorded frame by itself; whose it is was recorded with it.
  if (!event || (subscription_ && event->subscription_id != subscription_)) return {};
  if (std::holds_alternative<stream_terminated>(event->body)) events.on_broken("the exchange ended the subscription");
  if (auto* order = std::get_if<order_event>(&event->body)) events.on_order(std::move(*order));
  if (auto* balances = std::get_if<balance_event>(&event->body)) events.on_balances(std::move(*balances));
  return {};
}

}  // namespace drover::exchanges::binance
