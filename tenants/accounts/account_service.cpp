#include "tenants/accounts/account_service.hpp"

#include "tenants/accounts/account_rules.hpp"
#include "tenants/accounts/credential_sealer.hpp"
#include "tenants/errors.hpp"

namespace drover::tenants {

account_service::account_service(account_store& store, const crypto::keyring& keyring, exchange_catalogue catalogue,
                                 credential_probe probe)
    : store_(store), keyring_(keyring), catalogue_(std::move(catalogue)), probe_(std::move(probe)) {}

task<result<account>> account_service::create(user_id user, account_request request) {
  if (auto checked = check_exchange_name(request.exchange_name, catalogue_); !checked)
    co_return std::unexpected(checked.error());
  if (auto checked = check_label(request.label); !checked) co_return std::unexpected(checked.error());
  auto region = find_region(request.exchange_name, request.region, request.base_url, catalogue_);
  if (!region) co_return std::unexpected(region.error());
  request.region = std::move(*region);
  if (auto checked = check_credentials(request, catalogue_); !checked) co_return std::unexpected(checked.error());
  auto accepted = co_await check_with_exchange(request);
  if (!accepted) co_return std::unexpected(accepted.error());

  auto id = co_await store_.reserve_id();
  if (!id) co_return std::unexpected(id.error());
  constexpr std::int64_t first_version = 1;
  auto sealed = co_await seal_credentials(store_, keyring_, user, *id, first_version, request);
  if (!sealed) co_return std::unexpected(sealed.error());
  new_account fresh{.user = user,
                    .exchange_name = std::move(request.exchange_name),
                    .label = std::move(request.label),
                    .api_key_mask = mask_api_key(request.api_key.reveal()),
                    .key_fingerprint = keyring_.fingerprint(request.api_key.reveal()),
                    .probe = std::move(*accepted)};
  auto created = co_await store_.create(std::move(fresh), std::move(*sealed));
  co_return created;
}

task<result<account>> account_service::update(user_id user, account_id id, change wanted) {
  if (wanted.label)
    if (auto checked = check_label(*wanted.label); !checked) co_return std::unexpected(checked.error());
  auto current = co_await store_.get(user, id);
  if (!current) co_return current;
  if (wanted.credentials && !wanted.credentials->exchange_name.empty())
    wanted.exchange_name = wanted.credentials->exchange_name;
  if (wanted.exchange_name && *wanted.exchange_name != current->exchange_name)
    co_return fail(tenant_errc::invalid, "exchange_name: cannot be changed; connect a new account instead");
  auto region = result<std::string>(current->region);
  if (wanted.region || wanted.base_url)
    region = find_region(current->exchange_name, wanted.region.value_or(""), wanted.base_url.value_or(""), catalogue_);
  if (!region) co_return std::unexpected(region.error());
  if (wanted.credentials || *region != current->region) {
    current = co_await change_what_was_reviewed(user, *current, wanted, std::move(*region));
    if (!current) co_return current;
  }
  if (wanted.label) {
    account_patch patch{.label = std::move(wanted.label)};
    current = co_await store_.update(user, id, std::move(patch));
  }
  co_return current;
}

task<result<account>> account_service::change_what_was_reviewed(user_id user, const account& current, change& wanted,
                                                                std::string region) {
  if (!wanted.credentials) {
    auto opened = co_await open_credentials(current.id);
    if (!opened) co_return std::unexpected(opened.error());
    wanted.credentials = std::move(*opened);
  }
  auto& request = *wanted.credentials;
  request.exchange_name = current.exchange_name;
  request.region = std::move(region);
  if (auto checked = check_exchange_name(request.exchange_name, catalogue_); !checked)
    co_return std::unexpected(checked.error());
  if (auto checked = check_credentials(request, catalogue_); !checked) co_return std::unexpected(checked.error());
  auto accepted = co_await check_with_exchange(request);
  if (!accepted) co_return std::unexpected(accepted.error());
  auto changed = co_await replace_credentials(user, current, request, std::move(*accepted));
  co_return changed;
}

task<result<account>> account_service::probe(user_id user, account_id id) {
  auto stored = co_await store_.load_credentials(id);
  if (stored && user.valid() && stored->account.user != user) stored = fail(tenant_errc::not_found);
  if (!stored) co_return std::unexpected(stored.error());
  const auto a = stored->account;
  auto request = co_await open_credentials(id);
  if (!request) co_return std::unexpected(request.error());
  auto outcome = co_await probe_(venue_of(a.exchange_name, a.region), std::move(request->api_key), std::move(request->api_secret),
                                 std::move(request->passphrase));
  if (!outcome.seen)
    co_return fail(tenant_errc::unavailable, a.exchange_name + " cannot be asked about the key: " + outcome.reason);
  auto now = co_await store_.record_probe(id, a.credential_version, std::move(*outcome.seen));
  co_return now;
}

task<result<account_request>> account_service::open_credentials(account_id id) {
  auto stored = co_await store_.load_credentials(id);
  if (!stored) co_return std::unexpected(stored.error());
  auto clear = credential_opener(keyring_, std::move(stored->credentials)).open();
  if (!clear)
    co_return fail(tenant_errc::internal, "the credentials of account " + std::to_string(id.value) +
                                              " do not open: " + clear.error().to_string());
  account_request request;
  request.api_key = std::move(clear->api_key);
  request.api_secret = std::move(clear->api_secret);
  request.passphrase = std::move(clear->passphrase);
  co_return request;
}

task<result<std::optional<account_probe>>> account_service::check_with_exchange(const account_request& request) {
  auto key = request.api_key.clone();
  auto key_secret = request.api_secret.clone();
  auto passphrase = request.passphrase.clone();
  auto venue = venue_of(request.exchange_name, request.region);
  auto outcome = co_await probe_(std::move(venue), std::move(key), std::move(key_secret), std::move(passphrase));
  if (outcome.unavailable)
    co_return fail(tenant_errc::unavailable,
                   request.exchange_name + " cannot be asked about the key: " + outcome.reason);
  if (!outcome.accepted) co_return fail(tenant_errc::invalid, "api_key: " + outcome.reason);
  co_return std::move(outcome.seen);
}

task<result<account>> account_service::replace_credentials(user_id user, const account& current,
                                                           const account_request& request,
                                                           std::optional<account_probe> seen) {
  auto next_version = current.credential_version + 1;
  auto sealed = co_await seal_credentials(store_, keyring_, user, current.id, next_version, request);
  if (!sealed) co_return std::unexpected(sealed.error());
  replacement fresh{.api_key_mask = mask_api_key(request.api_key.reveal()),
                    .key_fingerprint = keyring_.fingerprint(request.api_key.reveal()),
                    .probe = std::move(seen)};
  auto changed = co_await store_.replace_credentials(user, current.id, std::move(fresh), std::move(*sealed));
  co_return changed;
}

}  // namespace drover::tenants
