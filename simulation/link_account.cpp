#include "base/log.hpp"
#include "base/planted.hpp"
#include "simulation/link_stream.hpp"
#include "simulation/link_transit_detail.hpp"

namespace drover::simulation {
namespace {

using namespace exchanges;

class link_account final : public exchange_account {
public:
  link_account(std::shared_ptr<link_core> core, credential_source source, std::string label)
      : core_(std::move(core)), source_(std::move(source)), label_(std::move(label)) {}

  task<result<permissions>> fetch_permissions() override {
    auto act = [](account_id) -> result<permissions> {
      return permissions{tristate::yes, tristate::yes, tristate::no, tristate::yes};
    };
    return read<permissions>(lane::read, act);
  }
  task<result<std::vector<balance>>> fetch_balances(lane l) override {
    return read<std::vector<balance>>(
        l, [&v = venue()](account_id who) -> result<std::vector<balance>> { return v.balances(number(who)); });
  }
  task<result<order>> find_order(order_ref of, lane l) override {
    return read<order>(l, [&v = venue(), of](account_id who) { return v.find(number(who), of); });
  }
  task<result<std::vector<order>>> fetch_open_orders(std::string, lane l) override {
    return read<std::vector<order>>(
        l, [&v = venue()](account_id who) -> result<std::vector<order>> { return v.open_orders(number(who)); });
  }
  task<result<std::vector<fill>>> fetch_fills(std::string, fill_cursor after, lane l) override {
    return read<std::vector<fill>>(
        l, [&v = venue(), after](account_id who) -> result<std::vector<fill>> { return v.fills(number(who), after); });
  }
  task<result<order>> cancel_order(order_ref of, lane l) override {
    return read<order>(l, [&v = venue(), of](account_id who) { return v.cancel(number(who), of); });
  }
  task<result<void>> cancel_all_orders(std::string, lane) override {
    co_return fail(exchange_errc::unsupported, "no such call");
  }
  task<result<void>> set_dead_man(milliseconds) override { co_return fail(exchange_errc::unsupported, "no such call"); }

  task<result<order>> place_order(order_request request, send_terms terms) override {
    auto core = core_;
    auto who = sign();
    if (!who) co_return std::unexpected(who.error());
    const auto window = terms.validity_window;
    link_core::request_facts facts{.lane = terms.lane, .account = label_, .places = true};
    auto grant = co_await core->leave(facts);
    if (!grant) co_return std::unexpected(grant.error());
    auto& sim = core->parts.sim;
    auto withheld = terms.why_not ? terms.why_not() : std::string();
    if (!withheld.empty()) co_return fail(exchange_errc::not_sent, std::move(withheld));
    if (!core->parts.life->cut) core->parts.judge.order_sent(core->parts.life->engine, who->account, request);
    const wall_time signed_at = core->signing_time();
    auto arrive = [&sim, signed_at, window]() -> result<void> {
      const auto late = sim.wall_now() - signed_at;
      if (late > window || late < -nanoseconds(1s)) return fail(exchange_errc::clock_skew, "outside of its window");
      return {};
    };
    auto act = [core, request, key = *who]() -> result<order> {
      if (!core->parts.keys.takes(key)) return fail(exchange_errc::bad_credentials, "the key was deleted");
      return core->parts.venue.place(number(key.account), request);
    };
    auto placed = co_await core->ask<order>(facts, arrive, act);
    co_return placed;
  }

  void subscribe(std::function<void(const account_event&)> on_event) override {
    const auto who = sign();
    stream_ = std::make_shared<link_stream>(core_, who ? number(who->account) : 0, std::move(on_event));
    stream_->open();
  }

private:
  model_venue& venue() const { return core_->parts.venue; }
  static int number(account_id account) { return static_cast<int>(account.value); }

  /// The key that signs.
  result<api_key> sign() const {
    auto keys = source_();
    if (!keys) return std::unexpected(keys.error());
    if (planted("log_secret")) logger("exchanges").debug("a request is signed", {{"with", keys->api_secret.reveal()}});
    const auto key = parse_api_key(keys->api_key.reveal());
    if (!core_->parts.life->cut) core_->parts.judge.request_signed(label_, key);
    return key;
  }

  template <class T>
  task<result<T>> read(lane l, std::function<result<T>(account_id)> what) {
    auto core = core_;
    auto who = sign();
    if (!who) co_return std::unexpected(who.error());
    link_core::request_facts facts{.lane = l, .account = label_};
    auto grant = co_await core->leave(facts);
    if (!grant) co_return std::unexpected(grant.error());
    auto act = [core, what = std::move(what), key = *who]() -> result<T> {
      if (!core->parts.keys.takes(key)) return fail(exchange_errc::bad_credentials, "the key was deleted");
      return what(key.account);
    };
    auto answer = co_await core->ask<T>(facts, {}, act);
    co_return answer;
  }

  std::shared_ptr<link_core> core_;
  credential_source source_;
  std::string label_;
  std::shared_ptr<link_stream> stream_;
};

}  // namespace

std::unique_ptr<exchange_account> make_link_account(std::shared_ptr<link_core> core, credential_source source,
                                                    std::string label) {
  return std::make_unique<link_account>(std::move(core), std::move(source), std::move(label));
}

}  // namespace drover::simulation
