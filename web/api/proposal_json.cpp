#include "web/api/proposal_json.hpp"

#include "web/request.hpp"

namespace drover::web::api {

void write_proposal(json_writer& w, const tenants::proposal& p) {
  w.begin_object().member("id", p.id).member("kind", to_string(p.kind)).member("subject", p.subject);
  w.key("content").raw(p.content);
  w.member("digest", p.digest).member("reason", p.reason).member("state", to_string(p.state));
  w.member("proposed_by", p.proposed_by)
      .member("created_at", p.created_at)
      .member("expires_at", p.expires_at)
      .key("decided_by");
  if (p.decided_by.valid())
    w.value(p.decided_by.value);
  else
    w.null();
  w.member("decided_at", p.decided_at).end_object();
}

net::http_response respond_with_proposal(int status, const tenants::proposal& p) {
  json_writer w(768);
  write_proposal(w, p);
  auto response = json_response(status, w.take());
  response.headers.emplace_back("Location", "/admin/proposals/" + std::to_string(p.id));
  return response;
}

}  // namespace drover::web::api
