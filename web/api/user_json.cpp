#include "web/api/user_json.hpp"

namespace drover::web::api {

void write_user(json_writer& w, const tenants::user& u) {
  w.begin_object();
  write_user_members(w, u);
  w.end_object();
}

void write_user_members(json_writer& w, const tenants::user& u) {
  w.member("id", u.id).member("username", u.username).member("email", u.email);
  w.member("role", tenants::to_string(u.role)).member("status", tenants::to_string(u.status));
  w.member("created_at", u.created_at).member("last_login_at", u.last_login_at);
}

}  // namespace drover::web::api
