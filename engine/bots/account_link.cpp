#include "engine/bots/account_link.hpp"

#include <utility>

#include "base/waiter_list.hpp"
#include "tenants/accounts/account_service.hpp"

namespace drover::engine {

namespace {

/// The instrument that an event is about; null: it concerns the whole account.
const std::string* symbol_of(const exchanges::account_event& event) {
  if (const auto* order = std::get_if<exchanges::order_event>(&event)) return &order->order.symbol;
  if (const auto* execution = std::get_if<exchanges::fill_event>(&event)) return &execution->fill.symbol;
  return nullptr;
}

/// Whoever takes the lease wakes the others, however it ends.
class lease_mark {
 public:
  lease_mark(bool& taking, std::vector<wake_event*>& waiters) : taking_(taking), waiters_(waiters) { taking_ = true; }
  ~lease_mark() {
    taking_ = false;
    for (auto* waiter : waiters_) waiter->notify();
  }
  lease_mark(const lease_mark&) = delete;
  lease_mark& operator=(const lease_mark&) = delete;

 private:
  bool& taking_;
  std::vector<wake_event*>& waiters_;
};

}  // namespace

account_link::account_link(executor ex, const crypto::keyring& keyring, const tenants::account& account,
                           std::shared_ptr<const tenants::sealed_credentials> sealed, exchanges::exchange* venue,
                           std::int64_t lease_epoch)
    : executor_(std::move(ex)),
      keyring_(keyring),
      id_(account.id),
      credential_version_(account.credential_version),
      sealed_(std::move(sealed)),
      venue_(venue),
      epoch_(lease_epoch),
      withdraw_waived_(account.withdraw_waived) {}

account_link::seat::~seat() { link_.leave(*this); }

task<result<std::int64_t>> account_link::hold_lease(order_journal& journal, std::string engine_name) {
  while (taking_lease_) {
    wake_event taken(executor_);
    listed_waiter waiting(waiters_, taken);
    co_await taken.wait();
  }
  if (epoch_ != 0) co_return epoch_;
  lease_mark mark(taking_lease_, waiters_);
  auto epoch = co_await journal.acquire_lease(id_, std::move(engine_name));
  if (epoch) epoch_ = *epoch;
  co_return epoch;
}

std::unique_ptr<account_link::seat> account_link::take_seat(std::string symbol, event_handler on_event) {
  std::unique_ptr<seat> taken(new seat(*this, std::move(symbol), std::move(on_event)));
  seats_.push_back(taken.get());
  if (account_) {
    if (stream_up_) taken->on_event_(exchanges::stream_opened{});
    return taken;
  }
  account_ = venue_->open_account(make_credential_source(), std::to_string(id_.value));
  account_->subscribe([this](const exchanges::account_event& event) { tell(event); });
  return taken;
}

void account_link::leave(seat& gone) {
  std::erase(seats_, &gone);
  if (!seats_.empty()) return;
  account_.reset();
  stream_up_ = false;
}

/// Handlers only put the event aside: nobody sits down or leaves meanwhile.
void account_link::tell(const exchanges::account_event& event) {
  if (std::holds_alternative<exchanges::stream_opened>(event)) stream_up_ = true;
  if (std::holds_alternative<exchanges::stream_lost>(event)) stream_up_ = false;
  const auto* symbol = symbol_of(event);
  for (auto* seat : seats_)
    if (symbol == nullptr || seat->symbol_ == *symbol) seat->on_event_(event);
}

exchanges::credential_source account_link::make_credential_source() const {
  return [keyring = &keyring_, sealed = sealed_]() -> result<exchanges::credentials> {
    tenants::credential_opener opener(*keyring, *sealed);
    auto clear = opener.open();
    if (!clear) return std::unexpected(clear.error());
    return exchanges::credentials{std::move(clear->api_key), std::move(clear->api_secret), std::move(clear->passphrase)};
  };
}

connection_report account_link::report() const {
  connection_report out;
  out.account = id_;
  out.exchange = venue_->name();
  out.venue = venue_->get_health();
  if (account_) out.connection = account_->get_health();
  out.clock_offset = venue_->clock_offset();
  if (last_probe_) out.last_probe = *last_probe_;
  if (last_drift_) out.last_drift = *last_drift_;
  return out;
}

void account_link::set_probe(connection_probe seen) { last_probe_ = std::make_unique<connection_probe>(std::move(seen)); }

void account_link::set_drift(balance_drift seen) { last_drift_ = std::make_unique<balance_drift>(std::move(seen)); }

}  // namespace drover::engine
