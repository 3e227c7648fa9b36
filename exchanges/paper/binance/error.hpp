#pragma once

#include <string>

#include "exchanges/paper/matching_types.hpp"
#include "net/http_server.hpp"

namespace drover::exchanges::paper::binance {

/// {"code","msg"} with its HTTP status; the wording is the venue's, clients match on it.
struct refused {
  int status = 400;
  int code = 0;
  std::string message;
};

refused to_refused(refusal);
refused missing_parameter(std::string_view name);
refused invalid_symbol();
std::string to_json(const refused&);
net::http_response to_response(const refused&);

}  // namespace drover::exchanges::paper::binance
