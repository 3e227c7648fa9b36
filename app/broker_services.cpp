#include "app/broker_services.hpp"

#include <utility>

#include "base/run_on.hpp"
#include "exchanges/registry.hpp"
#include "exchanges/runtime/venue_core.hpp"

namespace drover::app {
namespace {

std::string too_long_line() {
  const error why(engine::broker_errc::malformed,
                  "a line has at most " + std::to_string(engine::broker_line_limit_bytes) + " bytes");
  return std::string(engine::render_refusal(why, {}).reveal());
}

net::line_server_config config_of(const broker_settings& s) {
  return {.path = s.socket,
          .group = s.group,
          .line_limit_bytes = engine::broker_line_limit_bytes,
          .too_long = too_long_line()};
}

result<engine::signing_venues> make_signers(const std::vector<exchanges::exchange_config>& configured) {
  engine::signing_venues out;
  for (const auto& venue : configured) {
    auto protocol = exchanges::make_protocol(venue.dialect, venue.options, venue.region);
    if (!protocol) return std::unexpected(protocol.error());
    auto resolved = exchanges::resolve_addresses(venue, (*protocol)->traits());
    if (!resolved) return std::unexpected(resolved.error());
    out.emplace(venue.name, engine::signing_venue{std::move(*protocol), std::move(resolved->rest_url)});
  }
  return out;
}

task<secret> answer_sealed(secret line) {
  std::string tag;
  (void)engine::parse_broker_call(line.reveal(), tag);
  const error why(engine::broker_errc::sealed, "the engine waits for its operator: engine unseal");
  co_return engine::render_refusal(why, tag);
}

}  // namespace

broker_services::broker_services(broker_service_parts parts) : parts_(std::move(parts)) {}

result<void> broker_services::open() {
  const auto& wanted = parts_.config.broker;
  if (wanted.socket.empty()) return {};
  auto signers = make_signers(parts_.config.exchanges);
  if (!signers) return std::unexpected(signers.error());
  signers_ = std::move(*signers);
  clients_ = tenants::make_postgres_broker_client_store(parts_.db);
  broker_ = std::make_unique<engine::key_broker>(engine::key_broker_parts{
      .executor = parts_.web,
      .timers = parts_.timers,
      .random = parts_.random,
      .clients = *clients_,
      .accounts = parts_.accounts,
      .audit = parts_.audit,
      .keyring = parts_.keyring,
      .venues = signers_,
      .ask_trading =
          [this](engine::order_owner owner, std::string venue) { return ask_trading(std::move(owner), std::move(venue)); },
      .is_locked_down = parts_.is_locked_down,
      .is_open = parts_.is_open});
  socket_ = net::make_line_server(parts_.web, parts_.timers, config_of(wanted),
                                  [this](net::local_peer peer, secret line) { return answer(peer, std::move(line)); });
  return socket_->open();
}

void broker_services::start() {
  if (socket_) socket_->start();
}

task<void> broker_services::stop() {
  if (socket_) co_await socket_->stop();
}

task<secret> broker_services::answer(net::local_peer peer, secret line) {
  return broker_->answer({peer.uid, peer.pid}, std::move(line));
}

task<engine::trading_word> broker_services::ask_trading(engine::order_owner owner, std::string venue) {
  return run_on(parts_.trading, read_word(std::move(owner), std::move(venue)));
}

task<engine::trading_word> broker_services::read_word(engine::order_owner owner, std::string venue) const {
  engine::trading_word word;
  if (const auto found = parts_.venues.find(venue); found != parts_.venues.end())
    word.clock_offset = found->second->clock_offset();
  if (const auto* halt = parts_.gate.find(owner)) word.halted = halt->reason;
  co_return word;
}

std::unique_ptr<net::line_server> make_sealed_broker(executor ex, timer_queue& timers, const broker_settings& s) {
  if (s.socket.empty()) return nullptr;
  return net::make_line_server(std::move(ex), timers, config_of(s),
                               [](net::local_peer, secret line) { return answer_sealed(std::move(line)); });
}

}  // namespace drover::app
