#include "app/cli/operator_client.hpp"

#include <fmt/core.h>
#include <poll.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "net/local_socket.hpp"

namespace drover::app {
namespace {

/// Beyond the engine's own limit: it also closes its web.
constexpr milliseconds stopping_margin{15'000};
constexpr int poll_pause_ms = 100;

}  // namespace

int report_call(const operator_failure& failure) {
  fmt::print(stderr, "engine: {}\n", failure.message);
  return failure.code;
}

std::expected<json, operator_failure> call_operator(const settings& s, std::string_view verb,
                                                    const secret& attachment) {
  const auto answer = net::call_local(s.operator_socket, verb, attachment);
  if (!answer)
    return std::unexpected(operator_failure{
        exit_unavailable, "cannot reach the engine: " + answer.error().detail +
                              " (does it run, with the same operator_socket, and are you its user or root?)"});
  auto parsed = json::parse(*answer, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("ok"))
    return std::unexpected(operator_failure{exit_failed, "the engine answers in words of its own"});
  if (!parsed.at("ok").get<bool>())
    return std::unexpected(operator_failure{exit_failed, parsed.value("error", "the engine refused")});
  return parsed;
}

bool wait_until_sealed(const settings& s) {
  const auto& time = system_clock();
  for (const auto end = time.now() + s.shutdown_limit + stopping_margin; time.now() < end;) {
    const auto status = call_operator(s, "status");
    if (status && status->at("sealed").get<bool>()) return true;
    poll(nullptr, 0, poll_pause_ms);
  }
  return false;
}

}  // namespace drover::app
