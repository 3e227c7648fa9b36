#include "web/route_table.hpp"

#include <array>

#include "web/api/handlers.hpp"

namespace drover::web {

namespace {

using enum access;
using enum rate_class;
using enum proof;
using enum repetition;

constexpr std::array table{
    // Sessions and users
    route{"POST", "/client/login", anyone, login, api::handle_login},
    route{"POST", "/client/logout", user, write, api::handle_logout, session},
    route{"POST", "/api/auth", anyone, login, api::handle_login},
    route{"GET", "/api/auth", user, read, api::handle_get_auth},
    route{"POST", "/api/auth/login", anyone, login, api::handle_login},
    route{"POST", "/api/auth/refresh", anyone, login, api::handle_refresh},
    route{"POST", "/api/auth/logout", user, write, api::handle_logout, session},
    route{"GET", "/api/sessions", user, read, api::handle_list_sessions, session},
    route{"DELETE", "/api/sessions", user, write, api::handle_end_sessions, session},
    route{"DELETE", "/api/sessions/{id}", user, write, api::handle_end_session, session},
    route{"POST", "/api/sessions/confirm", user, login, api::handle_confirm_session, session},
    route{"POST", "/client/register", anyone, login, api::handle_register},
    route{"POST", "/client/bootstrap", anyone, login, api::handle_bootstrap},
    route{"GET", "/api/user", user, read, api::handle_get_user},
    route{"PATCH", "/api/user", user, write, api::handle_update_self, recent_password},
    route{"POST", "/api/user/password", user, login, api::handle_change_password, session},
    route{"GET", "/api/user/second-factor", user, read, api::handle_get_second_factor},
    route{"POST", "/api/user/second-factor", user, write, api::handle_begin_second_factor, recent_password},
    route{"DELETE", "/api/user/second-factor", user, write, api::handle_remove_second_factor, recent_password},
    route{"POST", "/api/user/second-factor/confirm", user, login, api::handle_confirm_second_factor, session},
    route{"GET", "/api/tokens", user, read, api::handle_list_api_tokens},
    route{"POST", "/api/tokens", user, write, api::handle_create_api_token, recent_password, once_secret},
    route{"DELETE", "/api/tokens/{id}", user, write, api::handle_revoke_api_token},
    route{"GET", "/api/keys", user, read, api::handle_list_public_keys},
    route{"POST", "/api/keys", user, write, api::handle_register_public_key, recent_password, once},
    route{"DELETE", "/api/keys/{id}", user, write, api::handle_revoke_public_key, recent_password},
    route{"GET", "/admin/users", admin, read, api::handle_list_users},
    route{"PATCH", "/admin/users/{id}", admin, write, api::handle_update_user, recent_password},
    route{"GET", "/admin/invitations", admin, read, api::handle_list_user_invitations},
    route{"POST", "/admin/invitations", admin, write, api::handle_invite_user, recent_password, once_secret},
    route{"DELETE", "/admin/invitations/{id}", admin, write, api::handle_revoke_user_invitation},
    route{"POST", "/backend/ban-user/name/{name}/now", admin, write, api::handle_ban_user},
    route{"POST", "/backend/unban-user/name/{name}/now", admin, write, api::handle_unban_user},
    // Exchange accounts
    route{"POST", "/user/exchanges", user, write, api::handle_create_account, recent_password, once},
    route{"GET", "/user/exchanges", user, read, api::handle_list_accounts},
    route{"GET", "/user/exchanges/{id}", user, read, api::handle_get_account},
    route{"PATCH", "/user/exchanges/{id}", user, write, api::handle_update_account},
    route{"DELETE", "/user/exchanges/{id}", user, write, api::handle_delete_account},
    route{"PATCH", "/user/exchanges/{id}/toggle", user, write, api::handle_toggle_account},
    route{"POST", "/user/exchanges/{id}/probe", user, write, api::handle_probe_account},
    route{"GET", "/user/exchanges/{id}/health", user, read, api::handle_account_health},
    route{"GET", "/api/accounts", user, read, api::handle_list_account_infos},
    route{"POST", "/api/accounts", user, write, api::handle_save_account_info, token, once},
    route{"DELETE", "/api/accounts/{id}", user, write, api::handle_delete_account},
    route{"GET", "/admin/exchanges", admin, read, api::handle_list_all_accounts},
    route{"GET", "/admin/exchanges/pending", admin, read, api::handle_list_pending_accounts},
    route{"POST", "/admin/exchanges/{id}/approve", admin, write, api::handle_approve_account, recent_password, once},
    route{"POST", "/admin/exchanges/{id}/reject", admin, write, api::handle_reject_account, token, once},
    route{"POST", "/admin/exchanges/{id}/waive", admin, write, api::handle_waive_withdrawals, recent_password},
    route{"GET", "/admin/proposals", admin, read, api::handle_list_proposals},
    route{"POST", "/admin/proposals", admin, write, api::handle_propose, recent_password, once},
    route{"GET", "/admin/proposals/{id}", admin, read, api::handle_get_proposal},
    route{"POST", "/admin/proposals/{id}/confirm", admin, write, api::handle_confirm_proposal, recent_password},
    route{"DELETE", "/admin/proposals/{id}", admin, write, api::handle_withdraw_proposal},
    route{"GET", "/admin/exchanges/limits", admin, read, api::handle_exchange_limits},
    // Earnings
    route{"GET", "/api/earnings", user, read, api::handle_list_earnings},
    route{"GET", "/api/earnings/summary", user, read, api::handle_sum_earnings},
    route{"GET", "/api/earnings/series", user, read, api::handle_chart_earnings},
    // What can be chosen
    route{"GET", "/api/v1/exchanges", user, read, api::handle_list_exchanges},
    route{"GET", "/api/v1/strategies", user, read, api::handle_list_strategies},
    route{"GET", "/api/strategies", user, read, api::handle_list_strategies},
    // Bots
    route{"GET", "/api/bots", user, read, api::handle_list_bots},
    route{"POST", "/api/bots", user, write, api::handle_create_bot, token, once},
    route{"GET", "/api/bots/{id}", user, read, api::handle_get_bot},
    route{"PATCH", "/api/bots/{id}", user, write, api::handle_update_bot},
    route{"DELETE", "/api/bots/{id}", user, write, api::handle_delete_bot},
    route{"POST", "/api/bots/{id}/start", user, write, api::handle_start_bot, token, once},
    route{"POST", "/api/bots/{id}/pause", user, write, api::handle_pause_bot, token, once},
    route{"POST", "/api/bots/{id}/stop", user, write, api::handle_stop_bot, token, once},
    route{"POST", "/api/bots/{id}/clone", user, write, api::handle_clone_bot, token, once},
    route{"GET", "/api/bots/{id}/diagnosis", user, read, api::handle_diagnose_bot},
    // What bots did
    route{"GET", "/api/orders", user, read, api::handle_list_orders},
    route{"GET", "/api/orders/{id}", user, read, api::handle_get_order},
    route{"GET", "/api/fills", user, read, api::handle_list_fills},
    route{"GET", "/api/positions", user, read, api::handle_list_positions},
    route{"GET", "/admin/statistics/orders", admin, read, api::handle_order_statistics},
    // Copy trading
    route{"GET", "/api/rooms", user, read, api::handle_list_rooms},
    route{"POST", "/api/rooms", user, write, api::handle_create_room, token, once},
    route{"POST", "/api/rooms/join", user, write, api::handle_join_room, token, once},
    route{"GET", "/api/rooms/{id}", user, read, api::handle_get_room},
    route{"PATCH", "/api/rooms/{id}", user, write, api::handle_update_room},
    route{"POST", "/api/rooms/{id}/close", user, write, api::handle_close_room, token, once},
    route{"POST", "/api/rooms/{id}/leave", user, write, api::handle_leave_room, token, once},
    route{"GET", "/api/rooms/{id}/invitations", user, read, api::handle_list_invitations},
    route{"POST", "/api/rooms/{id}/invitations", user, write, api::handle_invite, token, once_secret},
    route{"DELETE", "/api/rooms/{id}/invitations/{invitation}", user, write, api::handle_revoke_invitation},
    route{"GET", "/api/rooms/{id}/members", user, read, api::handle_list_members},
    route{"DELETE", "/api/rooms/{id}/members/{member}", user, write, api::handle_remove_member},
    route{"GET", "/api/rooms/{id}/signals", user, read, api::handle_list_signals},
    route{"GET", "/api/rooms/{id}/receipts", user, read, api::handle_list_receipts},
    // Emergency stops, locks and limits
    route{"POST", "/api/kill", user, emergency, api::handle_kill},
    route{"GET", "/api/kill", user, read, api::handle_list_kills},
    route{"GET", "/api/kill/{id}", user, read, api::handle_get_kill},
    route{"POST", "/api/kill/{id}/release", user, emergency, api::handle_release_kill},
    route{"GET", "/admin/locks", admin, read, api::handle_list_locks},
    route{"POST", "/admin/trading/lock", admin, emergency, api::handle_lock_trading},
    route{"POST", "/admin/trading/unlock", admin, emergency, api::handle_unlock_trading},
    route{"POST", "/admin/login/lock", admin, emergency, api::handle_lock_login},
    route{"POST", "/admin/login/unlock", admin, emergency, api::handle_unlock_login},
    route{"POST", "/admin/lockdown", admin, emergency, api::handle_lockdown, recent_password},
    route{"POST", "/admin/release", admin, emergency, api::handle_end_lockdown, recent_password},
    route{"GET", "/api/accounts/{id}/risk", user, read, api::handle_get_limits},
    route{"PUT", "/api/accounts/{id}/risk", user, write, api::handle_set_limits},
    route{"POST", "/admin/accounts/{id}/risk/clear", admin, write, api::handle_clear_loss},
    route{"GET", "/admin/risk", admin, read, api::handle_get_engine_limits},
    route{"PUT", "/admin/risk", admin, write, api::handle_set_engine_limits},
    route{"POST", "/admin/risk/clear", admin, write, api::handle_clear_engine_loss},
    // Live
    route{"GET", "/ws/dashboard", anyone, socket, api::handle_dashboard_socket},
    route{"GET", "/ws/earnings", anyone, socket, api::handle_earnings_socket},
    route{"GET", "/ws/referrals", anyone, socket, api::handle_referrals_socket},
    // Operation
    route{"GET", "/admin/audit", admin, read, api::handle_list_audit},
    route{"GET", "/stats/now", admin, read, api::handle_statistics},
    route{"GET", "/healthz", anyone, unlimited, api::handle_health},
    route{"GET", "/readyz", anyone, unlimited, api::handle_readiness},
    route{"GET", "/version", anyone, unlimited, api::handle_version},
    route{"GET", "/metrics", local_or_admin, unlimited, api::handle_metrics},
    route{"GET", "/openapi.json", anyone, unlimited, api::handle_openapi},
};

}  // namespace

std::span<const route> routes() {
  return table;
}

}  // namespace drover::web
