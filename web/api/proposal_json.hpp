#pragma once

#include "net/http_server.hpp"
#include "tenants/proposals/proposal.hpp"
#include "web/json_writer.hpp"

namespace drover::web::api {

void write_proposal(json_writer&, const tenants::proposal&);
/// With its Location.
net::http_response respond_with_proposal(int status, const tenants::proposal&);

}  // namespace drover::web::api
