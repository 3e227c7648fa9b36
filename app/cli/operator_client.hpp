#pragma once

#include <expected>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "app/exit_codes.hpp"
#include "app/settings.hpp"
#include "base/json.hpp"

namespace drover::app {

/// Why a call of the operator's socket failed: what to say, and the exit code.
struct operator_failure {
  int code = exit_failed;
  std::string message;
};
/// Prints it; answers the exit code.
int report_call(const operator_failure&);

/// One call of the engine that the settings describe, to its answer. Blocking. Exit 69: no engine listens on the
/// socket.
std::expected<json, operator_failure> call_operator(const settings&, std::string_view verb,
                                                    const secret& attachment = {});

/// Polls until the engine says that it is sealed; false when that takes longer than its shutdown may.
bool wait_until_sealed(const settings&);

}  // namespace drover::app
