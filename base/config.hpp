#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

namespace drover {

/// One thing wrong with the configuration.
struct config_problem {
  /// File name, or "environment", or "command line".
  std::string source;
  int line = 0, column = 0;
  /// "web.port"
  std::string key;
  /// What is wrong and what to do; with "did you mean" for unknown keys.
  std::string message;
  std::string to_string() const;
};

/// A map of the YAML document being read into a struct. Every get() declares a key: name, bounds and a line of
/// documentation; keys of the file that nobody declared are problems. Nothing throws; problems are collected.
/// Order of sources: default in the struct < file < environment DROVER__SECTION__KEY < command line override.
class config_section {
 public:
  class document;
  config_section(document&, std::string path);

  void get(std::string_view key, bool& out, std::string_view help);
  void get(std::string_view key, std::string& out, std::string_view help);
  void get(std::string_view key, std::vector<std::string>& out, std::string_view help);
  void get(std::string_view key, std::int64_t& out, std::int64_t least, std::int64_t most, std::string_view help);
  template <std::integral I>
    requires(!std::same_as<I, bool> && !std::same_as<I, std::int64_t>)
  void get(std::string_view key, I& out, std::int64_t least, std::int64_t most, std::string_view help) {
    std::int64_t wide = static_cast<std::int64_t>(out);
    get(key, wide, least, most, help);
    out = static_cast<I>(wide);
  }
  void get(std::string_view key, decimal& out, decimal least, decimal most, std::string_view help);
  /// "500ms", "10s", "5m", "1h".
  void get(std::string_view key, milliseconds& out, milliseconds least, milliseconds most, std::string_view help);
  /// One of `choices`.
  void get_choice(std::string_view key, std::string& out, const std::vector<std::string>& choices, std::string_view help);
  /// `key` in the file is refused; `key_file` names a file, or the systemd credential `key` is used when present, or
  /// the environment DROVER__SECTION__KEY_FILE.
  void get_secret(std::string_view key, std::optional<secret>& out, std::string_view help) { get_secret(key, out, nullptr, help); }
  /// `path`, when there is one to fill: the file that the secret was read from, for reading it again.
  void get_secret(std::string_view key, std::optional<secret>& out, std::string* path, std::string_view help);

  /// A fixed sub-section.
  config_section section(std::string_view key, std::string_view help);
  /// A list of maps; `read` is called for each with its own section.
  void get_list(std::string_view key, const std::function<void(config_section)>& read, std::string_view help);
  /// A map with free keys, values as compact JSON text (strategy parameters).
  void get_json(std::string_view key, std::string& out, std::string_view help);
  /// For rules between keys.
  void problem(std::string_view key, std::string message);

 private:
  document* document_;
  std::string path_;
};

struct config_override {
  std::string key;    // "web.port"
  std::string value;
};

/// A declared key as `check-config` and the generated reference list it.
struct config_key {
  std::string key, type, default_value, value, origin, help;
};

struct config_outcome {
  std::vector<config_problem> problems;
  std::vector<config_key> keys;
};

/// Reads the file (absent path = defaults only), applies environment and overrides, lets `read` declare and fill the
/// structs, and reports all problems at once. `environment` is passed in (tests) as KEY → value.
config_outcome read_config(const std::optional<std::filesystem::path>& file,
                           const std::map<std::string, std::string>& environment,
                           const std::vector<config_override>& overrides,
                           const std::function<void(config_section root)>& read);

/// The process environment.
std::map<std::string, std::string> process_environment();

}  // namespace drover
