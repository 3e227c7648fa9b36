#include "exchanges/mexc/stream_answer_detail.hpp"

#include "exchanges/protocol/json_text.hpp"

namespace drover::exchanges::mexc {

namespace {

constexpr std::string_view channel_prefix = "spot@";
constexpr std::size_t most_channels = 100;

/// The channels that a text names, wherever they stand in it.
std::vector<std::string> find_channels(std::string_view text) {
  std::vector<std::string> out;
  for (auto at = text.find(channel_prefix); at != std::string_view::npos && out.size() < most_channels;) {
    const auto end = text.find_first_of(",] ", at);
    out.emplace_back(text.substr(at, end == std::string_view::npos ? end : end - at));
    at = end == std::string_view::npos ? end : text.find(channel_prefix, end);
  }
  return out;
}

}  // namespace

result<stream_answer> read_stream_answer(json_source& source, std::string_view frame) {
  if (!source.load(frame)) return std::unexpected(protocol_error("frame", "bytes"));
  json_fields f(source.document().get_object());
  const auto code = f.optional_integer("code").value_or(0);
  const auto text = f.text("msg");
  if (!f.ok()) return std::unexpected(protocol_error("frame", f.problem()));
  stream_answer out;
  out.pong = text == "PONG";
  out.channels = find_channels(text);
  if (!out.pong && (code != 0 || !text.starts_with(channel_prefix))) out.refusal = text.empty() ? "refused" : text;
  return out;
}

std::string make_subscription_frame(bool subscribe, const std::vector<std::string>& channels) {
  std::string list = "[";
  for (const auto& c : channels) list += (list.size() > 1 ? "," : "") + quote_json(c);
  return json_object().text("method", subscribe ? "SUBSCRIPTION" : "UNSUBSCRIPTION").raw("params", list + "]").done();
}

decimal read_amount(const std::string& text, bool& ok) {
  if (text.empty()) return {};
  const auto value = decimal::parse(text);
  if (value && !value->is_negative()) return *value;
  ok = false;
  return {};
}

}  // namespace drover::exchanges::mexc
