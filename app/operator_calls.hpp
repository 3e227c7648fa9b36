#pragma once

#include <functional>
#include <optional>
#include <string>

#include "app/settings.hpp"
#include "base/json.hpp"
#include "base/offload.hpp"
#include "base/random.hpp"
#include "crypto/keyring.hpp"
#include "net/local_socket.hpp"
#include "tenants/keys/master_keys.hpp"
#include "tenants/proposals/proposal_service.hpp"
#include "tenants/users/registration_service.hpp"

namespace drover::app {

struct operator_parts {
  const settings& config;
  crypto::keyring& keys;
  tenants::key_rotation& rotation;
  worker_pool& workers;
  timer_queue& timers;
  random_source& random;
  tenants::registration_service& registration;
  tenants::proposal_service& proposals;
  /// Begins to stop the engine, to go on without its keys.
  std::function<void()> seal;
};

/// What the running engine does for its operator (docs/KEYS.md): status, seal, rotate, bootstrap. On the thread of the timers.
class operator_calls {
public:
  explicit operator_calls(operator_parts parts) : parts_(std::move(parts)) {}
  /// One line of JSON: "ok", and what was asked for or "error".
  task<std::string> answer(net::local_call);
  /// Wraps what a rotation before this start has left, if it was killed; tries for as long as the database is away.
  task<void> finish_rotation();

private:
  task<json> answer_status();
  task<json> answer_rotate(secret passphrase);
  /// The proposal that allows a rotation; nothing when none is needed; an error says what to do.
  task<result<std::optional<tenants::proposal>>> find_agreement();
  task<json> answer_bootstrap();
  task<result<tenants::rotation_outcome>> rotate();
  operator_parts parts_;
};

/// What both a sealed and a running engine say to a call that they do not know, or that failed.
json refuse_call(std::string why);

}  // namespace drover::app
