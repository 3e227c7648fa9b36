#include "engine/broker/broker_line.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"

namespace drover::engine {
namespace {

constexpr std::size_t text_limit = 128, tag_limit = 64;

constexpr std::array<std::pair<broker_errc, std::string_view>, 12> names{{
    {broker_errc::sealed, "sealed"},
    {broker_errc::malformed, "malformed"},
    {broker_errc::denied, "denied"},
    {broker_errc::too_many, "too_many"},
    {broker_errc::not_given, "not_given"},
    {broker_errc::account_not_ready, "account_not_ready"},
    {broker_errc::moves_coins, "moves_coins"},
    {broker_errc::not_offered, "not_offered"},
    {broker_errc::bad_arguments, "bad_arguments"},
    {broker_errc::halted, "halted"},
    {broker_errc::reveal_off, "reveal_off"},
    {broker_errc::unavailable, "unavailable"},
}};

std::string_view message_of(int value) {
  return to_string(static_cast<broker_errc>(value));
}

constinit const enum_category category("broker", message_of);

using ordered = nlohmann::ordered_json;

/// Texts of the document are wiped behind it: they may be secrets.
class wiped_json {
public:
  explicit wiped_json(json value) : value_(std::move(value)) {}
  ~wiped_json() { wipe(value_); }
  wiped_json(const wiped_json&) = delete;
  wiped_json& operator=(const wiped_json&) = delete;
  const json& get() const { return value_; }

private:
  static void wipe(json& at) {
    if (at.is_string()) {
      auto& text = at.get_ref<std::string&>();
      wipe_memory(text.data(), text.size());
    } else if (at.is_structured()) {
      for (auto& below : at) wipe(below);
    }
  }
  json value_;
};

result<std::string> read_text(const json& from, const char* name) {
  const auto found = from.find(name);
  if (found == from.end()) return fail(broker_errc::malformed, std::string(name) + " is missing");
  if (!found->is_string()) return fail(broker_errc::malformed, std::string(name) + " must be a text");
  return found->get<std::string>();
}

result<std::string> read_tag(const json& from) {
  const auto found = from.find("id");
  if (found == from.end() || found->is_null()) return std::string();
  const bool fits =
      found->is_number_integer() || (found->is_string() && found->get_ref<const std::string&>().size() <= tag_limit);
  if (!fits)
    return fail(broker_errc::malformed,
                "id must be a whole number or a text of at most " + std::to_string(tag_limit) + " bytes");
  return found->dump();
}

result<void> refuse_unknown_members(const json& from) {
  constexpr std::array<std::string_view, 6> known{"id", "token", "call", "account", "op", "arguments"};
  for (const auto& [name, value] : from.items())
    if (std::ranges::find(known, name) == known.end())
      return fail(broker_errc::malformed, "unknown member \"" + name.substr(0, text_limit) +
                                              "\" (known: id, token, call, account, op, arguments)");
  return {};
}

result<void> read_what(const json& from, broker_call& out) {
  const auto call = read_text(from, "call");
  if (!call) return std::unexpected(call.error());
  if (*call != "sign" && *call != "reveal") return fail(broker_errc::malformed, "call must be \"sign\" or \"reveal\"");
  out.what = *call == "sign" ? broker_call::kind::sign : broker_call::kind::reveal;
  if (out.what == broker_call::kind::reveal) return {};
  auto op = read_text(from, "op");
  if (!op) return std::unexpected(op.error());
  out.op = std::move(*op);
  if (const auto found = from.find("arguments"); found != from.end()) {
    if (!found->is_object()) return fail(broker_errc::malformed, "arguments must be an object");
    out.arguments = found->dump();
  }
  return {};
}

/// Wiped where it was built.
template <class Json>
secret seal_line(Json value, const std::string& tag, bool ok) {
  auto line = std::string("{\"ok\":") + (ok ? "true" : "false") + (tag.empty() ? "" : ",\"id\":" + tag) + ",";
  auto body = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  secret out = secret::of_size(line.size() + body.size() - 1);
  auto at = std::ranges::copy(line, out.mutable_bytes().begin()).out;
  std::copy(body.begin() + 1, body.end(), at);
  wipe_memory(body.data(), body.size());
  return out;
}

bool is_plain(std::string_view text, std::string_view more) {
  constexpr std::string_view common = "._-";
  return text.size() <= text_limit && text != "." && text.find("..") == std::string_view::npos &&
         std::ranges::all_of(text, [&](unsigned char c) {
           return std::isalnum(c) || common.contains(static_cast<char>(c)) || more.contains(static_cast<char>(c));
         });
}

/// BTC/USDT, or a name without a slash.
bool is_symbol(std::string_view text) {
  const auto slash = std::min(text.find('/'), text.size());
  const auto base = text.substr(0, slash), quote = text.substr(std::min(slash + 1, text.size()));
  const auto is_coin = [](std::string_view coin) {
    return !coin.empty() && coin.front() != '.' && is_plain(coin, ":");
  };
  return text.empty() || (is_coin(base) && (slash == text.size() || is_coin(quote)));
}

}  // namespace

std::error_code make_error_code(broker_errc e) {
  return {static_cast<int>(e), category};
}

std::string_view to_string(broker_errc e) {
  const auto found = std::ranges::find(names, e, [](const auto& row) { return row.first; });
  return found == names.end() ? "internal" : found->second;
}

result<broker_call> parse_broker_call(std::string_view line, std::string& tag) {
  auto parsed = parse_json(line, {.size_bytes = broker_line_limit_bytes});
  if (!parsed) return fail(broker_errc::malformed, "the line is no JSON: " + parsed.error().detail);
  const wiped_json document(std::move(*parsed));
  const auto& from = document.get();
  if (!from.is_object()) return fail(broker_errc::malformed, "the line must be a JSON object");
  auto given_tag = read_tag(from);
  if (!given_tag) return std::unexpected(given_tag.error());
  tag = *given_tag;
  if (auto known = refuse_unknown_members(from); !known) return std::unexpected(known.error());
  broker_call out{.tag = std::move(*given_tag)};
  auto token = read_text(from, "token");
  if (!token) return std::unexpected(token.error());
  out.token = secret(*token);
  wipe_memory(token->data(), token->size());
  const auto account = from.find("account");
  if (account == from.end() || !account->is_number_integer() || account->get<std::int64_t>() <= 0)
    return fail(broker_errc::malformed, "account must be the number of an account");
  out.account = account_id(account->get<std::int64_t>());
  if (auto what = read_what(from, out); !what) return std::unexpected(what.error());
  return out;
}

secret render_signed(const signed_request& s, const std::string& tag) {
  auto headers = ordered::object();
  for (const auto& [name, value] : s.request.headers) headers[name] = value;
  ordered out{{"request",
               {{"method", s.request.method},
                {"url", s.request.url},
                {"headers", std::move(headers)},
                {"body", s.request.body}}},
              {"signed_at_ms", s.signed_at.ms()},
              {"validity_window_ms", s.validity_window.count()},
              {"nonce", s.nonce}};
  return seal_line(std::move(out), tag, true);
}

secret render_revealed(const exchanges::credentials& keys, const std::string& exchange, const std::string& tag) {
  ordered out{{"exchange", exchange}, {"api_key", keys.api_key.reveal()}, {"api_secret", keys.api_secret.reveal()}};
  if (!keys.passphrase.empty()) out["passphrase"] = keys.passphrase.reveal();
  auto line = seal_line(out, tag, true);
  for (auto& value : out) {
    auto& text = value.get_ref<std::string&>();
    wipe_memory(text.data(), text.size());
  }
  return line;
}

secret render_refusal(const error& why, const std::string& tag) {
  const bool ours = &why.code.category() == &category;
  ordered what{{"code", ours ? why.code.message() : "unavailable"},
               {"message", ours ? why.detail : "something went wrong in the engine; see its log"}};
  if (why.retry_after) what["retry_after_ms"] = why.retry_after->count();
  return seal_line(ordered{{"error", std::move(what)}}, tag, false);
}

result<void> check_texts(const exchanges::venue_call& call) {
  const auto bad = [](const char* name) {
    return fail(broker_errc::bad_arguments, std::string(name) + ": at most 128 letters, digits and . _ - are expected");
  };
  if (!is_symbol(call.symbol) || !is_symbol(call.order.symbol) || !is_symbol(call.of.symbol)) return bad("symbol");
  if (!is_plain(call.order.client_order_id, "") || !is_plain(call.of.client_order_id, ""))
    return bad("client_order_id");
  if (!is_plain(call.of.venue_order_id, "")) return bad("venue_order_id");
  if (!is_plain(call.after, ":")) return bad("after");
  if (!is_plain(call.cursor, ":=+/")) return bad("cursor");
  if (call.access && !is_plain(call.access->token.reveal(), "=+/")) return bad("access_token");
  return {};
}

}  // namespace drover::engine
