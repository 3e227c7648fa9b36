#pragma once

#include <yaml-cpp/yaml.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/config.hpp"

namespace drover {

/// The document being read: the YAML tree, what overrides it, what was declared so far and what is wrong.
class config_section::document {
 public:
  document(const std::map<std::string, std::string>& environment, const std::vector<config_override>& overrides);
  /// Parses the file; a file that cannot be read or is not YAML is a problem.
  void load(const std::filesystem::path& file);

  /// A value as text with the place it came from.
  struct found {
    std::string text;
    std::string source;
    int line = 0, column = 0;
    /// The YAML node, when it came from the file.
    YAML::Node node;
  };
  /// Command line, else environment, else file. Declares the key.
  std::optional<found> find(const std::string& key);
  YAML::Node node_at(const std::string& key) const;
  void declare(const std::string& key);
  void describe(config_key key) { keys_.push_back(std::move(key)); }
  void add_problem(const found& at, const std::string& key, std::string message);
  void add_problem(const std::string& key, std::string message);
  /// Keys of the file, the environment and the command line that nobody declared; duplicate keys.
  void check_unknown();
  /// Duplicate keys below a map with free keys.
  void check_duplicates(const YAML::Node& node, const std::string& path);
  std::optional<std::string> environment(const std::string& name) const;

  static std::string environment_name(const std::string& key);
  config_outcome take() { return {std::move(problems_), std::move(keys_)}; }

 private:
  void check_node(const YAML::Node& node, const std::string& path);
  std::string suggestion(const std::string& key) const;

  const std::map<std::string, std::string>& environment_;
  const std::vector<config_override>& overrides_;
  std::string file_;
  YAML::Node root_;
  std::set<std::string> declared_;
  std::vector<config_problem> problems_;
  std::vector<config_key> keys_;
};

}  // namespace drover
