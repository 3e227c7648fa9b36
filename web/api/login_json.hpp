#pragma once

#include "tenants/users/login_service.hpp"
#include "web/body_reader.hpp"
#include "web/json_writer.hpp"
#include "web/request.hpp"
#include "web/services.hpp"

/// What the calls about users and their sessions share.
namespace drover::web::api {

inline constexpr std::size_t typed_name_limit = 128, typed_password_limit = 1024, typed_code_limit = 64;

/// Where the session will have come from.
tenants::login_place place_of(const request&);
/// token_format; complains of any other.
crypto::token_form read_token_form(body_reader&);
/// token, token_type, expires_in, refresh_token if there is one, and user.
void write_login(json_writer&, const tenants::login_result&);
net::http_response respond_with_login(const tenants::login_result&);
/// Logins and registrations are locked by configuration or by an administrator.
bool are_logins_locked(const services&);
problem make_login_locked();
/// What was stored about the user acts here before the database's own notice comes round: 204, or why it may take a
/// moment.
task<answer> put_in_force(user_id, services&);

}  // namespace drover::web::api
