#include "engine/bots/bot_service.hpp"

#include <cctype>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "tenants/errors.hpp"

namespace drover::engine {

namespace {

using tenants::tenant_errc;

constexpr std::string_view copy_suffix = " (copy)";

std::unexpected<error> invalid(std::string detail) { return fail(tenant_errc::invalid, std::move(detail)); }

/// The parsers begin with the parameter's name: "levels must be …".
std::string name_field(const std::string& detail, const std::string& parameters, std::string_view schema) {
  const auto end = detail.find_first_of(" :");
  const auto word = detail.substr(0, end);
  const auto quoted = '"' + word + '"';
  const bool is_field = end != std::string::npos && !word.empty() &&
                        (schema.find(quoted) != std::string_view::npos || parameters.find(quoted) != std::string::npos);
  if (!is_field) return "parameters: " + detail;
  const auto text = detail.find_first_not_of(" :", end);
  return "parameters." + word + ": " + (text == std::string::npos ? "is not acceptable" : detail.substr(text));
}

/// The market that the parameters name.
result<std::string> check_parameters(const strategy_kind& kind, const std::string& parameters) {
  auto wrong = [&](const error& e) { return invalid(name_field(e.detail, parameters, kind.parameter_schema)); };
  auto made = kind.make(parameters, "");
  if (!made) return wrong(made.error());
  auto symbol = kind.symbol_of(parameters);
  if (!symbol) return wrong(symbol.error());
  return symbol;
}

result<void> check_name(const std::string& name) {
  if (name.size() > bot_service::name_limit) return invalid("name: must not be longer than 100 bytes");
  for (const unsigned char c : name)
    if (std::iscntrl(c)) return invalid("name: must not hold control characters");
  return {};
}

/// Cut between characters.
std::string copy_of(std::string name) {
  auto length = std::min(name.size(), bot_service::name_limit - copy_suffix.size());
  while (length > 0 && length < name.size() && (static_cast<unsigned char>(name[length]) & 0xC0) == 0x80) --length;
  name.resize(length);
  return name + std::string(copy_suffix);
}

result<std::string> with_symbol(const std::string& parameters, const std::string& symbol) {
  auto parsed = parse_json(parameters);
  if (!parsed || !parsed->is_object()) return fail(tenant_errc::internal, "stored parameters are no JSON object");
  (*parsed)["symbol"] = symbol;
  return parsed->dump();
}

}  // namespace

bot_service::bot_service(bot_store& store, int bots_per_user, const strategy_kind* (*find_kind)(std::string_view))
    : store_(store), bots_per_user_(bots_per_user), find_kind_(find_kind) {}

task<result<bot>> bot_service::create(user_id user, bot_request wanted) {
  const auto* kind = find_kind_(wanted.strategy);
  if (kind == nullptr) co_return invalid("strategy: there is no '" + wanted.strategy + "'; GET /api/strategies lists them");
  auto symbol = check_parameters(*kind, wanted.parameters);
  if (!symbol) co_return std::unexpected(symbol.error());
  if (wanted.name.empty()) wanted.name = wanted.strategy + " " + *symbol;
  if (auto named = check_name(wanted.name); !named) co_return std::unexpected(named.error());
  new_bot fresh{.user = user,
                .account = wanted.account,
                .name = std::move(wanted.name),
                .strategy = std::move(wanted.strategy),
                .parameters = std::move(wanted.parameters),
                .symbol = std::move(*symbol),
                .desired = wanted.start ? desired_state::running : desired_state::stopped,
                .resume = wanted.resume};
  auto made = co_await store_.create(std::move(fresh), bots_per_user_);
  co_return made;
}

task<result<bot>> bot_service::update(user_id user, bot_id id, bot_patch patch) {
  if (patch.name && patch.name->empty()) co_return invalid("name: must not be empty");
  if (patch.name)
    if (auto named = check_name(*patch.name); !named) co_return std::unexpected(named.error());
  auto current = co_await store_.get(user, id);
  if (!current) co_return current;
  if (patch.parameters) {
    const auto* kind = find_kind_(current->strategy);
    if (kind == nullptr) co_return invalid("parameters: there is no strategy '" + current->strategy + "' any more");
    auto symbol = check_parameters(*kind, *patch.parameters);
    if (!symbol) co_return std::unexpected(symbol.error());
    if (*symbol != current->symbol)
      co_return invalid("parameters.symbol: the bot stays on " + current->symbol + "; clone it to trade " + *symbol);
  }
  auto changed = co_await store_.update(user, id, std::move(patch));
  co_return changed;
}

task<result<bot>> bot_service::clone(user_id user, bot_id id, clone_request wanted) {
  auto original = co_await store_.get(user, id);
  if (!original) co_return original;
  bot_request copy{.account = wanted.account.value_or(original->account),
                   .name = wanted.name ? std::move(*wanted.name) : copy_of(original->name),
                   .strategy = original->strategy,
                   .parameters = original->parameters,
                   .resume = original->resume,
                   .start = false};
  if (wanted.symbol) {
    auto moved = with_symbol(original->parameters, *wanted.symbol);
    if (!moved) co_return std::unexpected(moved.error());
    copy.parameters = std::move(*moved);
  }
  auto made = co_await create(user, std::move(copy));
  co_return made;
}

task<result<bot>> bot_service::set_desired(user_id user, bot_id id, desired_state wanted) {
  return store_.set_desired(user, id, wanted);
}

}  // namespace drover::engine
