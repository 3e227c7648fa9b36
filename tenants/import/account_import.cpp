#include "tenants/import/account_import.hpp"

#include <algorithm>
#include <set>

#include "tenants/accounts/account_rules.hpp"
#include "tenants/accounts/credential_sealer.hpp"

namespace drover::tenants {
namespace {

/// The first of the rules that it breaks; empty when it breaks none. Trims what may be trimmed.
std::string find_problem(account_request& request, const exchange_catalogue& catalogue) {
  if (request.label.empty()) request.label = request.exchange_name;
  for (const auto& checked : {check_exchange_name(request.exchange_name, catalogue), check_label(request.label)})
    if (!checked) return checked.error().detail;
  if (auto checked = check_credentials(request, catalogue); !checked) return checked.error().detail;
  request.region = default_region;
  return {};
}

}  // namespace

std::size_t import_report::problems() const {
  return static_cast<std::size_t>(std::ranges::count_if(rows, [](const auto& row) { return !row.problem.empty(); }));
}

account_import::account_import(import_store& store, account_store& accounts, user_store& users,
                               const crypto::keyring& keyring, const exchange_catalogue& catalogue)
    : store_(store), accounts_(accounts), users_(users), keyring_(keyring), catalogue_(catalogue) {}

task<result<import_report>> account_import::run(std::vector<import_row> rows, import_options options) {
  auto owned = co_await find_owners(rows, options);
  if (!owned) co_return std::unexpected(owned.error());
  for (auto& row : rows)
    if (row.problem.empty()) row.problem = find_problem(row.request, catalogue_);
  auto fingerprints = co_await find_duplicates(rows);
  if (!fingerprints) co_return std::unexpected(fingerprints.error());

  import_report report;
  for (const auto& row : rows) {
    // What is no credential yet is not shown in part, either.
    const auto mask = row.problem.empty() ? mask_api_key(row.request.api_key.reveal()) : std::string();
    report.rows.push_back({row.place, row.user, row.request.exchange_name, row.request.label, mask, {}, row.problem});
  }
  const auto problems = report.problems();
  const bool any = problems < rows.size();
  if (options.dry_run || !any || (problems > 0 && !options.skip_problems)) co_return report;
  auto stored = co_await store(rows, std::move(*fingerprints), report);
  if (!stored) co_return std::unexpected(stored.error());
  report.stored = true;
  co_return report;
}

/// row.user is our username afterwards.
task<result<void>> account_import::find_owners(std::vector<import_row>& rows, const import_options& options) {
  auto known = co_await users_.list();
  if (!known) co_return std::unexpected(known.error());
  for (const auto& u : *known) owners_.emplace(u.username, u.id);
  for (auto& row : rows) {
    const auto given = options.usernames.find(row.user);
    if (given != options.usernames.end())
      row.user = given->second;
    else if (row.user.empty() || (!owners_.contains(row.user) && !options.default_username.empty()))
      row.user = options.default_username;
    if (!row.problem.empty() || owners_.contains(row.user)) continue;
    row.problem = row.user.empty() ? "nobody owns it: name a user for all rows" : "no user is named '" + row.user + "'";
  }
  co_return result<void>();
}

task<result<std::vector<std::string>>> account_import::find_duplicates(std::vector<import_row>& rows) {
  std::vector<std::string> fingerprints;
  for (const auto& row : rows) fingerprints.push_back(keyring_.fingerprint(row.request.api_key.reveal()));
  auto asked = fingerprints;
  auto connected = co_await store_.find_connected(std::move(asked));
  if (!connected) co_return std::unexpected(connected.error());
  const std::set<std::string> taken(connected->begin(), connected->end());
  std::set<std::string> seen;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].problem.empty()) continue;
    if (taken.contains(fingerprints[i])) rows[i].problem = "this API key is connected already";
    if (!seen.insert(fingerprints[i]).second) rows[i].problem = "this API key stands in an earlier row";
  }
  co_return fingerprints;
}

task<result<void>> account_import::store(const std::vector<import_row>& rows, std::vector<std::string> fingerprints,
                                         import_report& report) {
  std::vector<import_store::entry> entries;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = rows[i];
    if (!row.problem.empty()) continue;
    const auto owner = owners_.at(row.user);
    auto id = co_await accounts_.reserve_id();
    if (!id) co_return std::unexpected(id.error());
    constexpr std::int64_t first_version = 1;
    auto sealed = co_await seal_credentials(accounts_, keyring_, owner, *id, first_version, row.request);
    if (!sealed) co_return std::unexpected(sealed.error());
    entries.push_back({{.user = owner,
                        .exchange_name = row.request.exchange_name,
                        .label = row.request.label,
                        .api_key_mask = mask_api_key(row.request.api_key.reveal()),
                        .key_fingerprint = std::move(fingerprints[i])},
                       std::move(*sealed)});
    places.push_back(i);
  }
  auto created = co_await store_.create_all(std::move(entries));
  if (!created) co_return std::unexpected(created.error());
  for (std::size_t i = 0; i < places.size(); ++i) report.rows[places[i]].account = created->at(i);
  co_return result<void>();
}

}  // namespace drover::tenants
