#include "tenants/import/import_rows.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/json.hpp"
#include "crypto/legacy.hpp"

namespace drover::tenants {
namespace {

constexpr std::size_t json_depth_limit = 4;

enum class part { exchange, user, label, api_key, api_secret, passphrase };
struct spelling {
  std::string_view name;
  part means;
};
/// The first of a kind that is there and not empty counts.
constexpr std::array spellings{spelling{"exchangename", part::exchange}, spelling{"exchange", part::exchange},
                               spelling{"id", part::exchange},           spelling{"username", part::user},
                               spelling{"userid", part::user},           spelling{"user", part::user},
                               spelling{"label", part::label},           spelling{"accountid", part::label},
                               spelling{"account", part::label},         spelling{"apikey", part::api_key},
                               spelling{"key", part::api_key},           spelling{"apisecret", part::api_secret},
                               spelling{"secretkey", part::api_secret},  spelling{"secret", part::api_secret},
                               spelling{"passphrase", part::passphrase}, spelling{"pass", part::passphrase}};

/// Other names that exchanges go by.
constexpr std::array<std::array<std::string_view, 2>, 4> aliases{
    {{"okex", "okx"}, {"gateio", "gate"}, {"gate.io", "gate"}, {"gate_io", "gate"}}};

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

/// How a member is looked for: without underscores, in lower case.
std::string plain(std::string_view name) {
  auto out = to_lower(name);
  std::erase(out, '_');
  return out;
}

std::string exchange_of(std::string_view text) {
  auto name = to_lower(text);
  for (const auto& [from, to] : aliases)
    if (name == from) return std::string(to);
  return name;
}

std::string text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number_integer() ? value.dump() : std::string();
}

std::string find(const std::map<std::string, std::string>& members, part wanted) {
  for (const auto& [name, means] : spellings) {
    const auto found = members.find(std::string(name));
    if (means == wanted && found != members.end() && !found->second.empty()) return found->second;
  }
  return {};
}

void put(import_row& row, part which, std::string_view value) {
  auto& r = row.request;
  if (which == part::api_key) r.api_key = secret(value);
  if (which == part::api_secret) r.api_secret = secret(value);
  if (which == part::passphrase) r.passphrase = secret(value);
}

result<import_row> row_of(const json& object, std::string place) {
  if (!object.is_object()) return fail(errc::malformed, place + ": an object is wanted");
  std::map<std::string, std::string> members;
  for (const auto& [name, value] : object.items()) members.emplace(plain(name), text_of(value));
  import_row row{.place = std::move(place), .user = find(members, part::user), .request = {}};
  row.request.exchange_name = exchange_of(find(members, part::exchange));
  row.request.label = find(members, part::label);
  for (const auto which : {part::api_key, part::api_secret, part::passphrase}) put(row, which, find(members, which));
  for (auto& [name, value] : members) wipe_memory(value.data(), value.size());
  return row;
}

std::unexpected<error> too_many() {
  return fail(errc::out_of_range, "more than " + std::to_string(import_rows_limit) + " accounts at once");
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

struct variable {
  std::string_view name, value;
};

std::optional<variable> variable_of(std::string_view line) {
  constexpr std::string_view exported = "export ";
  while (line.starts_with(' ')) line.remove_prefix(1);
  if (line.starts_with(exported)) line.remove_prefix(exported.size());
  const auto equals = line.find('=');
  if (line.starts_with('#') || equals == 0 || equals == line.npos) return std::nullopt;
  auto value = line.substr(equals + 1);
  const bool quoted =
      value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
  if (quoted) value = value.substr(1, value.size() - 2);
  return variable{line.substr(0, equals), value};
}

struct ending {
  std::string_view text;
  part means;
};
/// Longer ones first.
constexpr std::array endings{ending{"_API_SECRET_KEY", part::api_secret},
                             ending{"_API_PASSPHRASE", part::passphrase},
                             ending{"_API_PASSWORD", part::passphrase},
                             ending{"_API_SECRET", part::api_secret},
                             ending{"_SECRET_KEY", part::api_secret},
                             ending{"_PASSPHRASE", part::passphrase},
                             ending{"_PASSWORD", part::passphrase},
                             ending{"_SECRET", part::api_secret},
                             ending{"_API_KEY", part::api_key}};

/// The longest known exchange that is among the words, or else one that goes by another name there; empty when none is.
std::string exchange_among(std::string_view words, const exchange_catalogue& known) {
  const std::string framed = "_" + exchange_of(words) + "_";
  const auto stands = [&](std::string_view name) { return framed.find("_" + std::string(name) + "_") != framed.npos; };
  std::string best;
  for (const auto& name : known.names)
    if (name.size() > best.size() && stands(name)) best = name;
  for (const auto& [from, to] : aliases)
    if (best.empty() && stands(from)) best = to;
  return best;
}

constexpr std::array credentials{&account_request::api_key, &account_request::api_secret, &account_request::passphrase};

using value_opener = std::function<result<secret>(std::string_view sealed)>;

/// Opens one row, or says why not and leaves it as it was.
std::string open_row(import_row& row, const value_opener& open) {
  std::array<std::optional<secret>, credentials.size()> opened;
  for (std::size_t i = 0; i < credentials.size(); ++i) {
    const auto& sealed = row.request.*credentials[i];
    if (sealed.empty()) continue;
    auto value = open(sealed.reveal());
    if (!value) return value.error().to_string();
    opened[i] = std::move(*value);
  }
  for (std::size_t i = 0; i < credentials.size(); ++i)
    if (opened[i]) row.request.*credentials[i] = std::move(*opened[i]);
  return {};
}

void open_rows(std::vector<import_row>& rows, const value_opener& open) {
  for (auto& row : rows) {
    const auto why = open_row(row, open);
    if (!why.empty() && row.problem.empty()) row.problem = "does not open with the given key: " + why;
  }
}

bool opens(const import_row& row, const secret& key) {
  return std::ranges::all_of(credentials, [&](auto field) {
    const auto& sealed = row.request.*field;
    return sealed.empty() || crypto::open_cbc(key, sealed.reveal()).has_value();
  });
}

}  // namespace

result<std::vector<import_row>> read_json_rows(const secret& text, const std::string& file) {
  std::vector<json> objects;
  const json_limits limits{.size_bytes = import_bytes_limit, .depth = json_depth_limit};
  const auto all = text.reveal();
  const auto first = all.find_first_not_of(" \t\r\n");
  if (first != all.npos && all[first] == '[') {
    auto parsed = parse_json(all.substr(first), limits);
    if (!parsed) return fail(parsed.error().code, file + ": " + parsed.error().detail);
    for (auto& element : *parsed) objects.push_back(std::move(element));
  } else {
    for (const auto line : lines_of(all)) {
      if (line.empty()) continue;
      auto parsed = parse_json(line, limits);
      if (!parsed) return fail(parsed.error().code, file + ": neither a JSON array nor one JSON object in each line");
      objects.push_back(std::move(*parsed));
      if (objects.size() > import_rows_limit) return too_many();
    }
  }
  if (objects.size() > import_rows_limit) return too_many();
  std::vector<import_row> rows;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    auto row = row_of(objects[i], file + ", row " + std::to_string(i + 1));
    if (!row) return std::unexpected(row.error());
    rows.push_back(std::move(*row));
  }
  return rows;
}

result<std::vector<import_row>> read_environment_rows(const secret& text, const std::string& file,
                                                      const exchange_catalogue& known) {
  std::vector<import_row> rows;
  std::map<std::string, std::size_t> by_words;
  for (const auto line : lines_of(text.reveal())) {
    const auto variable = variable_of(line);
    if (!variable || variable->value.empty()) continue;
    const auto end = std::ranges::find_if(endings, [&](const ending& e) { return variable->name.ends_with(e.text); });
    if (end == endings.end()) continue;
    const auto words = variable->name.substr(0, variable->name.size() - end->text.size());
    const auto exchange = exchange_among(words, known);
    if (exchange.empty()) continue;
    const auto [at, is_new] = by_words.try_emplace(std::string(words), rows.size());
    if (is_new) {
      if (rows.size() == import_rows_limit) return too_many();
      rows.push_back({.place = file + ", " + std::string(words) + "_…", .user = {}, .request = {}});
      rows.back().request.exchange_name = exchange;
      rows.back().request.label = exchange_of(words);
    }
    put(rows[at->second], end->means, variable->value);
  }
  return rows;
}

void open_fernet_rows(std::vector<import_row>& rows, const secret& key) {
  const auto is_token = [](std::string_view text) { return text.starts_with("gAAAA"); };
  for (auto& row : rows) {
    const auto &secret_text = row.request.api_secret, &passphrase = row.request.passphrase;
    const bool sealed = is_token(secret_text.reveal()) && (passphrase.empty() || is_token(passphrase.reveal()));
    if (!sealed && row.problem.empty()) row.problem = "its secret or its passphrase is no Fernet token";
  }
  open_rows(rows,
            [&](std::string_view text) { return is_token(text) ? crypto::open_fernet(key, text) : secret(text); });
}

void open_cbc_rows(std::vector<import_row>& rows, const std::vector<secret>& keys) {
  const auto best = std::ranges::max_element(keys, {}, [&](const secret& key) {
    return std::ranges::count_if(rows, [&](const import_row& row) { return opens(row, key); });
  });
  if (best == keys.end()) return;
  open_rows(rows, [&](std::string_view sealed) { return crypto::open_cbc(*best, sealed); });
}

}  // namespace drover::tenants
