#include "app/operator_calls.hpp"

#include <nlohmann/json.hpp>

#include "app/exit_codes.hpp"
#include "app/start_checks.hpp"
#include "base/backoff.hpp"
#include "base/log.hpp"
#include "tenants/errors.hpp"

namespace drover::app {
namespace {

constexpr milliseconds retry_floor{200}, retry_ceiling{30'000};

const logger& log() {
  static const logger instance("app");
  return instance;
}

json to_json(const std::vector<tenants::known_master_key>& keys) {
  json out = json::array();
  for (const auto& key : keys) out.push_back({{"id", key.id}, {"state", key.state}, {"data_keys", key.data_keys}});
  return out;
}

result<std::vector<crypto::master_key>> open_key_file(const security_settings& settings, const secret& passphrase) {
  const auto file = read_key_file(settings);
  if (!file) return std::unexpected(file.error());
  if (!file->is_locked()) return file->keys();
  if (passphrase.empty()) return fail(crypto::crypto_errc::passphrase_wrong, "the key file needs its passphrase");
  return file->unlock(passphrase);
}

}  // namespace

json refuse_call(std::string why) {
  return {{"ok", false}, {"error", std::move(why)}};
}

task<std::string> operator_calls::answer(net::local_call call) {
  json out;
  if (call.verb == "status") {
    out = co_await answer_status();
  } else if (call.verb == "rotate") {
    out = co_await answer_rotate(std::move(call.attachment));
  } else if (call.verb == "bootstrap") {
    out = co_await answer_bootstrap();
  } else if (call.verb == "seal") {
    log().warn("the operator seals the engine");
    parts_.seal();
    out = {{"ok", true}};
  } else if (call.verb == "unseal") {
    out = {{"ok", true}, {"sealed", false}};
  } else {
    out = refuse_call("this engine does not know '" + call.verb + "'");
  }
  co_return out.dump();
}

task<json> operator_calls::answer_status() {
  std::move_only_function<result<std::vector<tenants::known_master_key>>()> work = [this] {
    return tenants::list_master_keys(parts_.config.database);
  };
  auto ran = co_await parts_.workers.run(std::move(work));
  if (!ran) co_return refuse_call(describe(ran.error()));
  if (!*ran) co_return refuse_call(describe(ran->error()));
  const auto agreed = co_await find_agreement();
  co_return json{{"ok", true},
                 {"sealed", false},
                 {"rotation_refused", agreed ? std::string() : describe(agreed.error())},
                 {"master_key", parts_.keys.master_key_id()},
                 {"rotating", parts_.rotation.is_running()},
                 {"keys", to_json(**ran)}};
}

task<json> operator_calls::answer_rotate(secret passphrase) {
  if (parts_.rotation.is_running()) co_return refuse_call("a rotation is under way already; see engine key status");
  auto agreed = co_await find_agreement();
  if (!agreed) co_return refuse_call(describe(agreed.error()));
  std::move_only_function<result<std::vector<crypto::master_key>>()> work = [this, passphrase = std::move(passphrase)] {
    return open_key_file(parts_.config.security, passphrase);
  };
  auto ran = co_await parts_.workers.run(std::move(work));
  if (!ran) co_return refuse_call(describe(ran.error()));
  if (!*ran) co_return refuse_call(describe(ran->error()));
  parts_.keys.take_up(std::move(**ran));
  auto done = co_await rotate();
  if (!done) co_return refuse_call(describe(done.error()));
  if (*agreed) {
    auto finished = co_await parts_.proposals.store().finish((*agreed)->id);
    if (!finished) log().warn("the proposal of the rotation stays confirmed", {{"err", finished.error()}});
  }
  co_return json{{"ok", true},
                 {"master_key", parts_.keys.master_key_id()},
                 {"rewrapped", done->rewrapped},
                 {"refused", done->refused},
                 {"retired", done->retired}};
}

task<result<std::optional<tenants::proposal>>> operator_calls::find_agreement() {
  auto needed = co_await parts_.proposals.in_force();
  if (!needed) co_return std::unexpected(needed.error());
  if (!*needed) co_return std::nullopt;
  auto found = co_await parts_.proposals.find_confirmed(tenants::proposal_kind::rotate_master_key, "engine");
  if (!found || *found) co_return found;
  co_return fail(tenants::tenant_errc::invalid,
                 "two administrators must agree to a new master key: one proposes it (POST /admin/proposals), another one confirms, "
                 "then repeat this within the hour (docs/ACCOUNTS.md); auth.four_eyes: off takes that away");
}

task<json> operator_calls::answer_bootstrap() {
  auto made = co_await parts_.registration.make_bootstrap_secret();
  if (!made) co_return refuse_call(describe(made.error()));
  log().warn("the operator has a secret to make the first administrator with");
  co_return json{{"ok", true},
                 {"secret", made->reveal()},
                 {"expires_in", tenants::registration_service::bootstrap_life.count()}};
}

/// While the database is away it waits: half a rotation is nothing that a person should have to come back for.
task<result<tenants::rotation_outcome>> operator_calls::rotate() {
  backoff wait(retry_floor, retry_ceiling);
  for (;;) {
    auto done = co_await parts_.rotation.run();
    if (done && done->rewrapped > 0)
      log().info(
          "data keys are wrapped by the current master key",
          {{"master_key", parts_.keys.master_key_id()}, {"rewrapped", done->rewrapped}, {"refused", done->refused}});
    if (done || !is_away(done.error())) co_return done;
    const auto pause = wait.next(parts_.random);
    co_await sleep_for(parts_.timers, pause);
  }
}

task<void> operator_calls::finish_rotation() {
  auto done = co_await rotate();
  if (!done) log().error("data keys could not be wrapped by the current master key", {{"err", done.error()}});
}

}  // namespace drover::app
