#include "web/bot_reason.hpp"

namespace drover::web {

namespace {

using engine::bot_state;
using tenants::account_status;

/// The bot is not there, or has ended: the account's own state says more.
bool says_nothing(bot_state s) {
  return s == bot_state::off || s == bot_state::stopped || s == bot_state::waiting_approval;
}

}  // namespace

engine::bot_status describe_bot(const tenants::account& a, const engine::bot_board& board) {
  auto told = board.find(a.id);
  bool may_run = a.status == account_status::approved && a.is_active;
  if (told && (may_run || !says_nothing(told->state))) return std::move(*told);
  engine::bot_status status;
  status.account = a.id;
  status.user = a.user;
  status.since = a.updated_at;
  if (a.status == account_status::pending) {
    status.state = bot_state::waiting_approval;
    status.reason = "Waiting for an administrator";
    if (a.error_message) status.reason = "Stopped until an administrator approves it again: " + *a.error_message;
  } else if (a.status == account_status::rejected) {
    status.state = bot_state::off;
    status.reason = "Rejected by an administrator";
    if (a.error_message) status.reason += ": " + *a.error_message;
  } else if (!a.is_active) {
    status.state = bot_state::off;
    status.reason = "Switched off; switch the account on to trade";
  } else {
    status.state = bot_state::starting;
    status.reason = "Waiting for the engine to start it";
  }
  return status;
}

}  // namespace drover::web
