#include "tenants/users/attempt_guard.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "base/encoding.hpp"
#include "tenants/errors.hpp"

namespace drover::tenants {
namespace {

namespace asio = boost::asio;

const std::string everybody_key = "*";

/// Whoever has an IPv6 address has 2^64 of them.
std::string network_of(const std::string& remote_address) {
  boost::system::error_code ec;
  auto address = asio::ip::make_address(remote_address, ec);
  if (ec || !address.is_v6()) return remote_address;
  auto bytes = address.to_v6().to_bytes();
  return to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size() / 2});
}

}  // namespace

attempt_guard::attempt_guard(limits bounds)
    : tracked_keys_(std::max<std::size_t>(bounds.tracked_keys, 1)),
      names_(bounds.name, bounds.tracked_keys),
      places_(bounds.name, bounds.tracked_keys),
      networks_(bounds.network, bounds.tracked_keys),
      everybody_(bounds.everybody, 1) {}

result<attempt_guard::attempt> attempt_guard::begin(std::string name, const std::string& remote_address,
                                                    steady_time now) {
  attempt a{.name = std::move(name), .network = network_of(remote_address), .place = {}};
  a.place = a.name + " " + a.network;
  a.from_known_place = known_places_.contains(a.place);
  if (auto wait = wait_of(a, now)) {
    error refused(tenant_errc::overloaded, "too many attempts, try again later");
    refused.retry_after = *wait;
    return std::unexpected(std::move(refused));
  }
  if (a.from_known_place) {
    places_.count(a.place, now);
    return a;
  }
  if (!a.name.empty()) names_.count(a.name, now);
  networks_.count(a.network, now);
  everybody_.count(everybody_key, now);
  return a;
}

std::optional<milliseconds> attempt_guard::wait_of(const attempt& a, steady_time now) const {
  if (a.from_known_place) return places_.wait_of(a.place, now);
  return std::max(
      {names_.wait_of(a.name, now), networks_.wait_of(a.network, now), everybody_.wait_of(everybody_key, now)});
}

void attempt_guard::succeeded(const attempt& a, steady_time now) {
  forgive(a, now);
  if (!a.name.empty()) remember(a.place);
}

void attempt_guard::forgive(const attempt& a, steady_time now) {
  if (a.from_known_place) return places_.give_back(a.place, now);
  if (!a.name.empty()) names_.give_back(a.name, now);
  networks_.give_back(a.network, now);
  everybody_.give_back(everybody_key, now);
}

void attempt_guard::remember(const std::string& place) {
  if (known_places_.size() >= tracked_keys_ && !known_places_.contains(place))
    known_places_.erase(known_places_.begin());
  known_places_.insert(place);
}

}  // namespace drover::tenants
