#pragma once

#include <concepts>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/secret.hpp"

namespace drover {

enum class log_level { debug, info, warn, error };
enum class log_format {
  /// journald under systemd (JOURNAL_STREAM matches stderr), human on a terminal, json otherwise.
  automatic,
  human,
  json,
  journald,
};

/// One key=value of a log line. Keys in use: user, account, exchange, instrument, order, request_id, duration_ms, err.
struct log_field {
  std::string_view key;
  std::string value;

  log_field(std::string_view k, std::string_view v) : key(k), value(v) {}
  log_field(std::string_view k, const char* v) : key(k), value(v) {}
  log_field(std::string_view k, const std::string& v) : key(k), value(v) {}
  log_field(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
  template <std::integral I>
    requires(!std::same_as<I, bool>)
  log_field(std::string_view k, I v) : key(k), value(std::to_string(v)) {}
  log_field(std::string_view k, double v);
  log_field(std::string_view k, decimal v) : key(k), value(v.to_string()) {}
  log_field(std::string_view k, const error& v) : key(k), value(v.to_string()) {}
  template <class Tag>
  log_field(std::string_view k, strong_id<Tag> v) : key(k), value(std::to_string(v.value)) {}
  /// A secret in a log line prints as ***.
  log_field(std::string_view k, const secret&) : key(k), value("***") {}
};

using log_fields = std::initializer_list<log_field>;

/// Named logger of a module. Cheap to copy, any thread. CR, LF, ESC and other control characters are escaped in every
/// format, so that one call is one line. Nothing is written before configure_logging(): then info and above go to stderr.
class logger {
 public:
  explicit logger(std::string_view module);
  void debug(std::string_view message, log_fields fields = {}) const;
  void info(std::string_view message, log_fields fields = {}) const;
  void warn(std::string_view message, log_fields fields = {}) const;
  void error(std::string_view message, log_fields fields = {}) const;
  bool enabled(log_level) const;

 private:
  void write(log_level, std::string_view message, log_fields) const;
  std::string module_;
};

struct log_config {
  log_level level = log_level::info;
  log_format format = log_format::automatic;
};

/// Once, early in main.
void configure_logging(const log_config&);
/// SIGHUP may change the level while running.
void set_log_level(log_level);

/// Test sink: while alive, collects lines as "level module message key=value …" instead of writing them.
class log_capture {
 public:
  log_capture();
  ~log_capture();
  std::string text() const;
};

}  // namespace drover
