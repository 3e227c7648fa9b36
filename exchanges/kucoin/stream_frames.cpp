#include "exchanges/kucoin/stream_frames_detail.hpp"

#include "exchanges/kucoin/errors.hpp"
#include "exchanges/kucoin/streams.hpp"
#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges::kucoin {

const stream_habits& get_stream_habits() {
  static constexpr stream_habits habits{
      .topics_per_connection = 400,
      .topics_per_message = 100,
      .message_interval = 100ms,
      .ping_interval = 18s,
      .idle_limit = 45s,
      .life_limit = 23h,
      .answer_limit = 10s,
  };
  return habits;
}

std::string make_subscription_frame(bool subscribe, std::string_view topic, std::int64_t id, bool is_private) {
  json_object frame;
  frame.text("id", std::to_string(id)).text("type", subscribe ? "subscribe" : "unsubscribe").text("topic", topic);
  frame.boolean("response", true);
  if (is_private) frame.boolean("privateChannel", true);
  return frame.done();
}

std::string make_ping_frame(std::int64_t id) { return json_object().text("id", std::to_string(id)).text("type", "ping").done(); }

std::optional<std::int64_t> read_frame_id(json_fields& f) {
  const auto text = f.optional_text("id");
  std::int64_t id = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

error read_frame_error(json_fields& f) {
  const auto code = f.optional_integer("code");
  const auto message = std::string(f.optional_text("data"));
  return make_stream_refusal(code ? std::to_string(*code) : std::string(), message);
}

}  // namespace drover::exchanges::kucoin
