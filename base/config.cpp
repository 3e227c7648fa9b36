#include "base/config.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/config_document_detail.hpp"
#include "base/files.hpp"
#include "base/json.hpp"

namespace drover {
namespace {

std::string join(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + "." + std::string(key);
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

/// A number of YAML's plain style; "007" and "-0" are texts.
std::optional<std::int64_t> parse_plain_integer(const std::string& text) {
  const auto number = parse_integer(text);
  return number && std::to_string(*number) == text ? number : std::nullopt;
}

/// "a, b" from the environment or the command line.
std::vector<std::string> split_list(const std::string& text) {
  constexpr const char* blanks = " \t";
  std::vector<std::string> entries;
  for (std::size_t start = 0; start <= text.size();) {
    const auto comma = std::min(text.find(',', start), text.size());
    const auto first = std::min(text.find_first_not_of(blanks, start), comma);
    const auto last = text.find_last_not_of(blanks, comma == 0 ? 0 : comma - 1);
    if (first < comma && last != std::string::npos) entries.push_back(text.substr(first, last - first + 1));
    start = comma + 1;
  }
  return entries;
}

std::string join_list(const std::vector<std::string>& entries) {
  std::string text;
  for (const auto& entry : entries) (text += text.empty() ? "" : ", ") += entry;
  return text;
}

std::optional<milliseconds> parse_duration(std::string_view text) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_integer(text.substr(0, digits));
  const auto unit = text.substr(digits);
  constexpr std::int64_t most = 1'000'000'000;
  if (!number || *number > most) return std::nullopt;
  if (unit == "ms") return milliseconds(*number);
  if (unit == "s") return milliseconds(*number * 1'000);
  if (unit == "m" || unit == "min") return milliseconds(*number * 60'000);
  if (unit == "h") return milliseconds(*number * 3'600'000);
  return std::nullopt;
}

std::string format_duration(milliseconds value) {
  const auto ms = value.count();
  if (ms != 0 && ms % 3'600'000 == 0) return fmt::format("{}h", ms / 3'600'000);
  if (ms != 0 && ms % 60'000 == 0) return fmt::format("{}m", ms / 60'000);
  if (ms != 0 && ms % 1'000 == 0) return fmt::format("{}s", ms / 1'000);
  return fmt::format("{}ms", ms);
}

nlohmann::json to_json(const YAML::Node& node) {
  if (node.IsMap()) {
    auto out = nlohmann::json::object();
    for (const auto& entry : node) out[entry.first.Scalar()] = to_json(entry.second);
    return out;
  }
  if (node.IsSequence()) {
    auto out = nlohmann::json::array();
    for (const auto& entry : node) out.push_back(to_json(entry));
    return out;
  }
  if (!node.IsScalar()) return nullptr;
  // Quoted scalars carry the tag "!"; plain ones may be numbers or truth values.
  const bool plain = node.Tag() != "!";
  const auto& text = node.Scalar();
  if (plain && (text == "true" || text == "false")) return text == "true";
  if (const auto number = parse_plain_integer(text); plain && number) return *number;
  return text;
}

}  // namespace

std::string config_problem::to_string() const {
  std::string place = source;
  if (line > 0) place += fmt::format(":{}:{}", line, column);
  return key.empty() ? place + ": " + message : place + ": " + key + ": " + message;
}

config_section::config_section(document& d, std::string path) : document_(&d), path_(std::move(path)) {}

/// The common shape of the readers: find, convert or complain, describe.
template <class T, class Convert, class Show>
static void read_value(config_section::document& doc, const std::string& key, const char* type, T& out,
                       std::string_view help, Convert convert, Show show) {
  const std::string default_value = show(out);
  std::string origin = "default";
  if (const auto found = doc.find(key)) {
    origin = found->source;
    if (found->node.IsDefined() && !found->node.IsNull() && !found->node.IsScalar())
      doc.add_problem(*found, key, "must be a single value");
    else if (auto problem = convert(found->text, out); !problem.empty())
      doc.add_problem(*found, key, problem);
  }
  doc.describe({key, type, default_value, show(out), origin, std::string(help)});
}

void config_section::get(std::string_view name, bool& out, std::string_view help) {
  read_value(
      *document_, join(path_, name), "boolean", out, help,
      [](const std::string& text, bool& value) -> std::string {
        if (text != "true" && text != "false") return "must be true or false, not '" + text + "'";
        value = text == "true";
        return {};
      },
      [](bool value) { return std::string(value ? "true" : "false"); });
}

void config_section::get(std::string_view name, std::string& out, std::string_view help) {
  read_value(
      *document_, join(path_, name), "text", out, help,
      [](const std::string& text, std::string& value) { return value = text, std::string(); },
      [](const std::string& value) { return value; });
}

void config_section::get(std::string_view name, std::int64_t& out, std::int64_t least, std::int64_t most,
                         std::string_view help) {
  read_value(
      *document_, join(path_, name), "integer", out, help,
      [=](const std::string& text, std::int64_t& value) -> std::string {
        const auto number = parse_integer(text);
        if (!number || *number < least || *number > most)
          return fmt::format("must be a whole number from {} to {}, not '{}'", least, most, text);
        value = *number;
        return {};
      },
      [](std::int64_t value) { return std::to_string(value); });
}

void config_section::get(std::string_view name, decimal& out, decimal least, decimal most, std::string_view help) {
  read_value(
      *document_, join(path_, name), "decimal", out, help,
      [=](const std::string& text, decimal& value) -> std::string {
        const auto number = decimal::parse(text);
        if (!number || *number < least || *number > most)
          return fmt::format("must be a number from {} to {}, not '{}'", least.to_string(), most.to_string(), text);
        value = *number;
        return {};
      },
      [](decimal value) { return value.to_string(); });
}

void config_section::get(std::string_view name, milliseconds& out, milliseconds least, milliseconds most,
                         std::string_view help) {
  read_value(
      *document_, join(path_, name), "duration", out, help,
      [=](const std::string& text, milliseconds& value) -> std::string {
        const auto duration = parse_duration(text);
        if (!duration || *duration < least || *duration > most)
          return fmt::format("must be a duration from {} to {} such as 500ms, 10s, 5m or 1h, not '{}'",
                             format_duration(least), format_duration(most), text);
        value = *duration;
        return {};
      },
      format_duration);
}

void config_section::get_choice(std::string_view name, std::string& out, const std::vector<std::string>& choices,
                                std::string_view help) {
  read_value(
      *document_, join(path_, name), "choice", out, help,
      [&choices](const std::string& text, std::string& value) -> std::string {
        if (std::find(choices.begin(), choices.end(), text) != choices.end()) return value = text, std::string();
        std::string known;
        for (const auto& choice : choices) known += (known.empty() ? "" : ", ") + choice;
        return "must be one of " + known + ", not '" + text + "'";
      },
      [](const std::string& value) { return value; });
}

void config_section::get(std::string_view name, std::vector<std::string>& out, std::string_view help) {
  const std::string key = join(path_, name), default_value = join_list(out);
  std::string origin = "default";
  if (const auto found = document_->find(key)) {
    origin = found->source;
    out.clear();
    if (!found->node.IsDefined() || found->node.IsNull()) {
      out = split_list(found->text);
    } else if (found->node.IsScalar()) {
      out.push_back(found->text);
    } else if (found->node.IsSequence() && std::all_of(found->node.begin(), found->node.end(), [](const YAML::Node& n) { return n.IsScalar(); })) {
      for (const auto& entry : found->node) out.push_back(entry.Scalar());
    } else {
      document_->add_problem(*found, key, "must be a list of texts");
    }
  }
  document_->describe({key, "list", default_value, join_list(out), origin, std::string(help)});
}

void config_section::get_secret(std::string_view name, std::optional<secret>& out, std::string* used, std::string_view help) {
  const std::string key = join(path_, name), file_key = key + "_file";
  document_->declare(key);
  if (document_->find(key))
    document_->add_problem(key, "secrets do not belong into the configuration; write it to a file (mode 0600) and name that as " + file_key);
  std::optional<std::string> path;
  std::string origin = "not set";
  if (const auto found = document_->find(file_key)) {
    path = found->text;
    origin = found->source;
  }
  if (const auto folder = document_->environment("CREDENTIALS_DIRECTORY"); !path && folder) {
    const auto credential = std::filesystem::path(*folder) / std::string(name);
    if (std::error_code ec; std::filesystem::exists(credential, ec)) {
      path = credential.string();
      origin = "systemd credential";
    }
  }
  document_->describe({file_key, "secret file", "", path ? *path : "", origin, std::string(help)});
  if (!path) return;
  if (used != nullptr) *used = *path;
  auto value = read_secret_file(*path);
  if (!value) {
    document_->add_problem(file_key, value.error().detail);
    return;
  }
  out = std::move(*value);
}

config_section config_section::section(std::string_view name, std::string_view) {
  const std::string key = join(path_, name);
  document_->declare(key);
  const YAML::Node node = document_->node_at(key);
  if (node.IsDefined() && !node.IsNull() && !node.IsMap()) document_->add_problem(key, "must be a map of keys");
  return {*document_, key};
}

void config_section::get_list(std::string_view name, const std::function<void(config_section)>& read, std::string_view) {
  const std::string key = join(path_, name);
  document_->declare(key);
  const YAML::Node node = document_->node_at(key);
  if (!node.IsDefined() || node.IsNull()) return;
  if (!node.IsSequence()) {
    document_->add_problem(key, "must be a list");
    return;
  }
  for (std::size_t i = 0; i < node.size(); ++i) {
    const std::string entry = key + "[" + std::to_string(i) + "]";
    document_->declare(entry);
    if (!node[i].IsMap()) document_->add_problem(entry, "must be a map of keys");
    else read({*document_, entry});
  }
}

void config_section::get_json(std::string_view name, std::string& out, std::string_view help) {
  const std::string key = join(path_, name), default_value = out;
  std::string origin = "default";
  if (const auto found = document_->find(key)) {
    origin = found->source;
    if (found->node.IsDefined() && found->node.IsMap()) {
      document_->check_duplicates(found->node, key);
      out = to_json(found->node).dump();
    } else if (found->node.IsDefined() && !found->node.IsNull()) {
      document_->add_problem(*found, key, "must be a map");
    } else if (auto read = parse_json(found->text); read && read->is_object()) {
      out = read->dump();
    } else {
      document_->add_problem(*found, key, "must be a JSON object" + (read ? std::string() : ": " + read.error().detail));
    }
  }
  document_->describe({key, "map", default_value, out, origin, std::string(help)});
}

void config_section::problem(std::string_view name, std::string message) {
  document_->add_problem(join(path_, name), std::move(message));
}

config_outcome read_config(const std::optional<std::filesystem::path>& file,
                           const std::map<std::string, std::string>& environment,
                           const std::vector<config_override>& overrides,
                           const std::function<void(config_section root)>& read) {
  config_section::document document(environment, overrides);
  if (file) document.load(*file);
  read(config_section(document, ""));
  document.check_unknown();
  return document.take();
}

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> out;
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view entry(*at);
    const auto equals = entry.find('=');
    if (equals != std::string_view::npos) out.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return out;
}

}  // namespace drover
