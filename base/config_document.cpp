#include "base/config_document_detail.hpp"

#include <algorithm>
#include <boost/locale/utf.hpp>
#include <numeric>
#include <utility>

#include "base/files.hpp"

namespace drover {
namespace {

constexpr std::size_t file_limit_bytes = 1024 * 1024;
/// Of the document with every alias written out.
constexpr std::size_t node_limit = 10'000;
constexpr int depth_limit = 32;
constexpr std::string_view environment_prefix = "DROVER__";

/// Levenshtein distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0u);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string join(const std::string& path, const std::string& key) { return path.empty() ? key : path + "." + key; }

/// "; did you mean …", or nothing when no known name is near.
std::string nearest(const std::string& name, const std::set<std::string>& known) {
  constexpr std::size_t farthest = 3;
  std::string best;
  std::size_t least = farthest + 1;
  for (const auto& candidate : known) {
    const auto d = distance(name, candidate);
    if (d >= least) continue;
    least = d;
    best = candidate;
  }
  return best.empty() ? "" : "; did you mean '" + best + "'?";
}

/// "exchanges[0]" → "exchanges", 0
std::pair<std::string, std::optional<std::size_t>> split_index(const std::string& part) {
  const auto bracket = part.find('[');
  if (bracket == std::string::npos) return {part, std::nullopt};
  return {part.substr(0, bracket), std::stoul(part.substr(bracket + 1))};
}

/// Where the text stops being UTF-8.
std::optional<std::size_t> find_bad_utf8(const std::string& text) {
  using characters = boost::locale::utf::utf_traits<char>;
  for (auto at = text.begin(); at != text.end();) {
    const auto start = at;
    const auto point = characters::decode(at, text.end());
    if (point == boost::locale::utf::illegal || point == boost::locale::utf::incomplete) return static_cast<std::size_t>(start - text.begin());
  }
  return std::nullopt;
}

/// An alias may stand for what it is part of, or for many copies of many copies.
bool is_bounded(const YAML::Node& node, std::size_t& nodes, int depth = 0) {
  if (++nodes > node_limit || depth > depth_limit) return false;
  if (node.IsSequence())
    return std::all_of(node.begin(), node.end(), [&](const YAML::Node& entry) { return is_bounded(entry, nodes, depth + 1); });
  if (!node.IsMap()) return true;
  return std::all_of(node.begin(), node.end(), [&](const auto& entry) {
    return is_bounded(entry.first, nodes, depth + 1) && is_bounded(entry.second, nodes, depth + 1);
  });
}

}  // namespace

config_section::document::document(const std::map<std::string, std::string>& environment,
                                   const std::vector<config_override>& overrides)
    : environment_(environment), overrides_(overrides) {}

void config_section::document::load(const std::filesystem::path& file) {
  file_ = file.string();
  auto text = system_files().read(file, file_limit_bytes);
  if (!text) {
    problems_.push_back({file_, 0, 0, "", "cannot be read: " + text.error().detail});
    return;
  }
  if (const auto bad = find_bad_utf8(*text)) {
    problems_.push_back({file_, 0, 0, "", "is not UTF-8 at byte " + std::to_string(*bad + 1) + "; save it in that encoding"});
    return;
  }
  try {
    root_ = YAML::Load(*text);
  } catch (const YAML::Exception& e) {
    problems_.push_back({file_, e.mark.line + 1, e.mark.column + 1, "", "is not YAML: " + e.msg});
    return;
  }
  if (std::size_t nodes = 0; !is_bounded(root_, nodes)) {
    problems_.push_back({file_, 0, 0, "", "is nested too deeply or too large once its aliases (*name) are written out"});
    root_ = YAML::Node();
  }
  if (!root_.IsNull() && !root_.IsMap()) {
    problems_.push_back({file_, 1, 1, "", "must be a map of sections"});
    root_ = YAML::Node();
  }
}

std::string config_section::document::environment_name(const std::string& key) {
  std::string name(environment_prefix);
  for (char c : key) {
    if (c == '.') {
      name += "__";
      continue;
    }
    name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

std::optional<std::string> config_section::document::environment(const std::string& name) const {
  const auto at = environment_.find(name);
  return at == environment_.end() ? std::nullopt : std::optional(at->second);
}

void config_section::document::declare(const std::string& key) { declared_.insert(key); }

YAML::Node config_section::document::node_at(const std::string& key) const {
  YAML::Node at;
  at.reset(root_);
  std::size_t start = 0;
  while (start <= key.size()) {
    const auto dot = std::min(key.find('.', start), key.size());
    const auto [name, index] = split_index(key.substr(start, dot - start));
    if (!at.IsMap()) return YAML::Node(YAML::NodeType::Undefined);
    // The const operator[]: the other one would add the key.
    const YAML::Node& parent = at;
    YAML::Node child = parent[name];
    if (!child) return YAML::Node(YAML::NodeType::Undefined);
    if (index) {
      if (!child.IsSequence() || *index >= child.size()) return YAML::Node(YAML::NodeType::Undefined);
      child.reset(std::as_const(child)[*index]);
    }
    at.reset(child);
    start = dot + 1;
  }
  return at;
}

std::optional<config_section::document::found> config_section::document::find(const std::string& key) {
  declare(key);
  for (auto at = overrides_.rbegin(); at != overrides_.rend(); ++at)
    if (at->key == key) return found{at->value, "command line", 0, 0, {}};
  if (auto value = environment(environment_name(key))) return found{*value, "environment", 0, 0, {}};
  const YAML::Node node = node_at(key);
  if (!node || node.IsNull()) return std::nullopt;
  return found{node.IsScalar() ? node.Scalar() : "", file_, node.Mark().line + 1, node.Mark().column + 1, node};
}

void config_section::document::add_problem(const found& at, const std::string& key, std::string message) {
  problems_.push_back({at.source, at.line, at.column, key, std::move(message)});
}

void config_section::document::add_problem(const std::string& key, std::string message) {
  const YAML::Node node = root_.IsMap() ? node_at(key) : YAML::Node(YAML::NodeType::Undefined);
  const bool here = node.IsDefined();
  problems_.push_back({file_.empty() ? "configuration" : file_, here ? node.Mark().line + 1 : 0,
                       here ? node.Mark().column + 1 : 0, key, std::move(message)});
}

std::string config_section::document::suggestion(const std::string& key) const { return nearest(key, declared_); }

void config_section::document::check_node(const YAML::Node& node, const std::string& path) {
  std::set<std::string> seen;
  for (const auto& entry : node) {
    const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
    const std::string key = join(path, name);
    const found at{"", file_, entry.first.Mark().line + 1, entry.first.Mark().column + 1, {}};
    if (!seen.insert(name).second) add_problem(at, key, "appears twice");
    const bool is_parent = std::any_of(declared_.begin(), declared_.end(), [&](const std::string& d) {
      return d.starts_with(key + ".") || d.starts_with(key + "[");
    });
    if (!declared_.contains(key) && !is_parent) {
      add_problem(at, key, "is not a known key" + suggestion(key));
      continue;
    }
    if (is_parent && entry.second.IsMap()) check_node(entry.second, key);
    if (is_parent && entry.second.IsSequence())
      for (std::size_t i = 0; i < entry.second.size(); ++i)
        if (entry.second[i].IsMap()) check_node(entry.second[i], key + "[" + std::to_string(i) + "]");
  }
}

void config_section::document::check_duplicates(const YAML::Node& node, const std::string& path) {
  if (node.IsSequence())
    for (const auto& entry : node) check_duplicates(entry, path);
  if (!node.IsMap()) return;
  std::set<std::string> seen;
  for (const auto& entry : node) {
    const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
    const found at{"", file_, entry.first.Mark().line + 1, entry.first.Mark().column + 1, {}};
    if (!seen.insert(name).second) add_problem(at, join(path, name), "appears twice");
    check_duplicates(entry.second, join(path, name));
  }
}

void config_section::document::check_unknown() {
  if (root_.IsMap()) check_node(root_, "");
  std::set<std::string> names;
  for (const auto& key : declared_) names.insert(environment_name(key));
  for (const auto& [name, value] : environment_)
    if (name.starts_with(environment_prefix) && !names.contains(name))
      problems_.push_back({"environment", 0, 0, name, "is not a known key" + nearest(name, names)});
  for (const auto& o : overrides_)
    if (!declared_.contains(o.key)) problems_.push_back({"command line", 0, 0, o.key, "is not a known key" + suggestion(o.key)});
}

}  // namespace drover
