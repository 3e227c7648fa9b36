#include "web/api/bot_json.hpp"

#include "web/ws/messages.hpp"

namespace drover::web::api {
namespace {

constexpr std::size_t contract_limit = 64;

}  // namespace

engine::bot_status describe_bot(const engine::bot& b, const engine::bot_board& board) {
  using engine::bot_state;
  using engine::desired_state;
  if (auto told = board.find(b.id)) return std::move(*told);
  engine::bot_status status;
  status.bot = b.id;
  status.account = b.account;
  status.user = b.user;
  status.since = b.updated_at;
  status.strategy = b.strategy;
  status.symbol = b.symbol;
  if (b.desired == desired_state::stopped) {
    status.state = bot_state::stopped;
    status.reason = !b.reason.empty() ? b.reason : "Stopped; start it to trade";
    return status;
  }
  status.state = bot_state::off;
  status.reason = "Its account does not trade, or the engine has not started it yet";
  return status;
}

void write_bot(json_writer& w, const engine::bot& b, const engine::bot_status& status) {
  w.begin_object();
  w.member("id", b.id).member("account_id", b.account).member("user_id", b.user).member("name", b.name);
  w.member("strategy", b.strategy).member("symbol", b.symbol);
  w.key("parameters").raw(b.parameters);
  w.member("desired", to_string(b.desired)).member("resume", to_string(b.resume));
  w.member("created_at", b.created_at).member("updated_at", b.updated_at);
  w.key("status").begin_object();
  ws::write_bot_members(w, status);
  w.end_object().end_object();
}

std::optional<engine::resume_contract> read_contract(body_reader& body) {
  auto text = body.optional_text("resume", contract_limit);
  if (!text) return std::nullopt;
  auto contract = engine::parse_resume_contract(*text);
  if (!contract) body.complain("resume", "must be resume, cancel_and_wait or flatten");
  return contract;
}

}  // namespace drover::web::api
