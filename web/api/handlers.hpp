#pragma once

#include "web/request.hpp"
#include "web/services.hpp"

/// The handlers of the table of routes: parse, validate, call one service, map the error, respond.
namespace drover::web::api {

task<answer> handle_login(request&, services&);
task<answer> handle_logout(request&, services&);
task<answer> handle_refresh(request&, services&);
task<answer> handle_get_auth(request&, services&);
task<answer> handle_list_sessions(request&, services&);
task<answer> handle_end_session(request&, services&);
task<answer> handle_end_sessions(request&, services&);
task<answer> handle_confirm_session(request&, services&);

task<answer> handle_register(request&, services&);
task<answer> handle_bootstrap(request&, services&);
task<answer> handle_get_user(request&, services&);
task<answer> handle_update_self(request&, services&);
task<answer> handle_change_password(request&, services&);
task<answer> handle_get_second_factor(request&, services&);
task<answer> handle_begin_second_factor(request&, services&);
task<answer> handle_confirm_second_factor(request&, services&);
task<answer> handle_remove_second_factor(request&, services&);
task<answer> handle_list_api_tokens(request&, services&);
task<answer> handle_create_api_token(request&, services&);
task<answer> handle_revoke_api_token(request&, services&);
task<answer> handle_list_public_keys(request&, services&);
task<answer> handle_register_public_key(request&, services&);
task<answer> handle_revoke_public_key(request&, services&);
task<answer> handle_list_users(request&, services&);
task<answer> handle_update_user(request&, services&);
task<answer> handle_list_user_invitations(request&, services&);
task<answer> handle_invite_user(request&, services&);
task<answer> handle_revoke_user_invitation(request&, services&);
task<answer> handle_ban_user(request&, services&);
task<answer> handle_unban_user(request&, services&);

task<answer> handle_create_account(request&, services&);
task<answer> handle_list_accounts(request&, services&);
task<answer> handle_get_account(request&, services&);
task<answer> handle_update_account(request&, services&);
task<answer> handle_delete_account(request&, services&);
task<answer> handle_toggle_account(request&, services&);
task<answer> handle_probe_account(request&, services&);
task<answer> handle_list_account_infos(request&, services&);
task<answer> handle_save_account_info(request&, services&);

task<answer> handle_list_all_accounts(request&, services&);
task<answer> handle_list_pending_accounts(request&, services&);
task<answer> handle_approve_account(request&, services&);
task<answer> handle_reject_account(request&, services&);
task<answer> handle_waive_withdrawals(request&, services&);
task<answer> handle_list_proposals(request&, services&);
task<answer> handle_get_proposal(request&, services&);
task<answer> handle_propose(request&, services&);
task<answer> handle_confirm_proposal(request&, services&);
task<answer> handle_withdraw_proposal(request&, services&);
task<answer> handle_exchange_limits(request&, services&);
task<answer> handle_account_health(request&, services&);

task<answer> handle_list_earnings(request&, services&);
task<answer> handle_sum_earnings(request&, services&);
task<answer> handle_chart_earnings(request&, services&);

task<answer> handle_list_exchanges(request&, services&);
task<answer> handle_list_strategies(request&, services&);

task<answer> handle_list_bots(request&, services&);
task<answer> handle_create_bot(request&, services&);
task<answer> handle_get_bot(request&, services&);
task<answer> handle_update_bot(request&, services&);
task<answer> handle_delete_bot(request&, services&);
task<answer> handle_start_bot(request&, services&);
task<answer> handle_pause_bot(request&, services&);
task<answer> handle_stop_bot(request&, services&);
task<answer> handle_clone_bot(request&, services&);
task<answer> handle_diagnose_bot(request&, services&);

task<answer> handle_list_orders(request&, services&);
task<answer> handle_get_order(request&, services&);
task<answer> handle_list_fills(request&, services&);
task<answer> handle_list_positions(request&, services&);
task<answer> handle_order_statistics(request&, services&);

task<answer> handle_list_rooms(request&, services&);
task<answer> handle_create_room(request&, services&);
task<answer> handle_get_room(request&, services&);
task<answer> handle_update_room(request&, services&);
task<answer> handle_close_room(request&, services&);
task<answer> handle_join_room(request&, services&);
task<answer> handle_leave_room(request&, services&);
task<answer> handle_list_invitations(request&, services&);
task<answer> handle_invite(request&, services&);
task<answer> handle_revoke_invitation(request&, services&);
task<answer> handle_list_members(request&, services&);
task<answer> handle_remove_member(request&, services&);
task<answer> handle_list_signals(request&, services&);
task<answer> handle_list_receipts(request&, services&);

task<answer> handle_kill(request&, services&);
task<answer> handle_list_kills(request&, services&);
task<answer> handle_get_kill(request&, services&);
task<answer> handle_release_kill(request&, services&);
task<answer> handle_list_locks(request&, services&);
task<answer> handle_lock_trading(request&, services&);
task<answer> handle_unlock_trading(request&, services&);
task<answer> handle_lock_login(request&, services&);
task<answer> handle_unlock_login(request&, services&);
task<answer> handle_lockdown(request&, services&);
task<answer> handle_end_lockdown(request&, services&);
task<answer> handle_get_limits(request&, services&);
task<answer> handle_set_limits(request&, services&);
task<answer> handle_clear_loss(request&, services&);
task<answer> handle_get_engine_limits(request&, services&);
task<answer> handle_set_engine_limits(request&, services&);
task<answer> handle_clear_engine_loss(request&, services&);

task<answer> handle_dashboard_socket(request&, services&);
task<answer> handle_earnings_socket(request&, services&);
task<answer> handle_referrals_socket(request&, services&);

task<answer> handle_list_audit(request&, services&);
task<answer> handle_statistics(request&, services&);
task<answer> handle_health(request&, services&);
task<answer> handle_readiness(request&, services&);
task<answer> handle_version(request&, services&);
task<answer> handle_metrics(request&, services&);
task<answer> handle_openapi(request&, services&);

}  // namespace drover::web::api
