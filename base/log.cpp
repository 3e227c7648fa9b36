#include "base/log.hpp"

#include <fmt/core.h>
#include <spdlog/spdlog.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.hpp"

namespace drover {
namespace {

struct settings {
  std::atomic<log_level> level{log_level::info};
  std::atomic<log_format> format{log_format::human};
  std::mutex mutex;
  std::vector<std::string>* captured = nullptr;
  /// Colours and thread-safe writing; the text of a line is ours.
  std::shared_ptr<spdlog::logger> output;
};

settings& global() {
  static settings instance;
  return instance;
}

constexpr std::string_view name_of(log_level level) {
  switch (level) {
    case log_level::debug: return "debug";
    case log_level::info: return "info";
    case log_level::warn: return "warn";
    case log_level::error: return "error";
  }
  return "info";
}

spdlog::level::level_enum to_spdlog(log_level level) {
  switch (level) {
    case log_level::debug: return spdlog::level::debug;
    case log_level::info: return spdlog::level::info;
    case log_level::warn: return spdlog::level::warn;
    case log_level::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

int to_syslog(log_level level) {
  constexpr int debug = 7, info = 6, warning = 4, err = 3;
  switch (level) {
    case log_level::debug: return debug;
    case log_level::info: return info;
    case log_level::warn: return warning;
    case log_level::error: return err;
  }
  return info;
}

/// Length of the UTF-8 sequence that `text` starts with (RFC 3629); 0 when it is none.
std::size_t sequence_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t length = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
  const auto second = length > 1 ? static_cast<unsigned char>(text[1]) : 0;
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool beyond = (first == 0xed && second >= 0xa0) || (first == 0xf4 && second >= 0x90);
  return overlong || beyond ? 0 : length;
}

enum class quoting { none, quoted };

/// One call is one line of valid UTF-8, whatever the text holds: control characters (C1 too, terminals obey them) become
/// JSON escapes, other bytes U+FFFD.
void append_escaped(std::string& out, std::string_view text, quoting how) {
  constexpr unsigned char c1_lead = 0xc2, c1_end = 0xa0;
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    const auto byte = static_cast<unsigned char>(text[0]);
    if (length == 0)
      out += "\\ufffd";
    else if (byte == '\n')
      out += "\\n";
    else if (byte < 0x20 || byte == 0x7f)
      out += fmt::format("\\u{:04x}", byte);
    else if (length == 2 && byte == c1_lead && static_cast<unsigned char>(text[1]) < c1_end)
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(text[1]));
    else if (byte == '\\' || (byte == '"' && how == quoting::quoted))
      (out += '\\') += text[0];
    else
      out += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
}

bool needs_quotes(std::string_view value) {
  const auto plain = [](char c) { return c > ' ' && c < 0x7f && c != '=' && c != '"' && c != '\\'; };
  return value.empty() || !std::all_of(value.begin(), value.end(), plain);
}

std::string human_line(std::string_view module, std::string_view message, log_fields fields) {
  std::string line(module);
  line += ' ';
  append_escaped(line, message, quoting::none);
  for (const auto& field : fields) {
    ((line += ' ') += field.key) += '=';
    const bool quoted = needs_quotes(field.value);
    if (quoted) line += '"';
    append_escaped(line, field.value, quoting::quoted);
    if (quoted) line += '"';
  }
  return line;
}

std::string json_line(log_level level, std::string_view module, std::string_view message, log_fields fields) {
  std::string line = fmt::format(R"({{"ts":"{}","level":"{}","logger":"{}","msg":")", to_rfc3339(system_clock().wall_now()),
                                 name_of(level), module);
  append_escaped(line, message, quoting::quoted);
  line += '"';
  for (const auto& field : fields) {
    ((line += ",\"") += field.key) += "\":\"";
    append_escaped(line, field.value, quoting::quoted);
    line += '"';
  }
  return line += '}';
}

void send_to_journal(log_level level, std::string_view module, std::string_view message, log_fields fields) {
  std::vector<std::string> entries{"MESSAGE=" + human_line(module, message, fields),
                                   "PRIORITY=" + std::to_string(to_syslog(level)), "SYSLOG_IDENTIFIER=engine",
                                   "ENGINE_LOGGER=" + std::string(module)};
  for (const auto& field : fields) {
    std::string entry = "ENGINE_";
    for (char c : field.key) entry += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    entry += '=';
    append_escaped(entry, field.value, quoting::none);
    entries.push_back(std::move(entry));
  }
  std::vector<iovec> vectors;
  for (auto& entry : entries) vectors.push_back({entry.data(), entry.size()});
  sd_journal_sendv(vectors.data(), static_cast<int>(vectors.size()));
}

/// systemd sets JOURNAL_STREAM to device and inode of the stderr it gave us.
bool stderr_is_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat info {};
  if (stream == nullptr || fstat(STDERR_FILENO, &info) != 0) return false;
  return fmt::format("{}:{}", info.st_dev, info.st_ino) == stream;
}

log_format resolve(log_format format) {
  if (format != log_format::automatic) return format;
  if (stderr_is_journal()) return log_format::journald;
  return isatty(STDERR_FILENO) != 0 ? log_format::human : log_format::json;
}

std::shared_ptr<spdlog::logger> make_output(log_format format) {
  if (format == log_format::human) {
    const auto mode = std::getenv("NO_COLOR") != nullptr ? spdlog::color_mode::never : spdlog::color_mode::automatic;
    auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(mode);
    sink->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%-7l%$ %v");
    auto made = std::make_shared<spdlog::logger>("engine", sink);
    made->set_level(spdlog::level::trace);
    return made;
  }
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  sink->set_pattern("%v");
  auto made = std::make_shared<spdlog::logger>("engine", sink);
  made->set_level(spdlog::level::trace);
  return made;
}

}  // namespace

log_field::log_field(std::string_view k, double v) : key(k), value(fmt::format("{}", v)) {}

logger::logger(std::string_view module) : module_(module) {}
void logger::debug(std::string_view message, log_fields fields) const { write(log_level::debug, message, fields); }
void logger::info(std::string_view message, log_fields fields) const { write(log_level::info, message, fields); }
void logger::warn(std::string_view message, log_fields fields) const { write(log_level::warn, message, fields); }
void logger::error(std::string_view message, log_fields fields) const { write(log_level::error, message, fields); }
bool logger::enabled(log_level level) const { return level >= global().level.load(std::memory_order_relaxed); }

void logger::write(log_level level, std::string_view message, log_fields fields) const {
  auto& config = global();
  if (!enabled(level)) return;
  {
    const std::lock_guard lock(config.mutex);
    if (config.captured != nullptr) {
      config.captured->push_back(std::string(name_of(level)) + " " + human_line(module_, message, fields));
      return;
    }
    if (!config.output) config.output = make_output(config.format);
  }
  switch (config.format.load()) {
    case log_format::journald: send_to_journal(level, module_, message, fields); break;
    case log_format::json: config.output->log(to_spdlog(level), json_line(level, module_, message, fields)); break;
    default: config.output->log(to_spdlog(level), human_line(module_, message, fields)); break;
  }
}

void configure_logging(const log_config& config) {
  auto& g = global();
  const std::lock_guard lock(g.mutex);
  g.level = config.level;
  g.format = resolve(config.format);
  g.output = make_output(g.format);
}

void set_log_level(log_level level) { global().level = level; }

namespace {
std::vector<std::string>& capture_buffer() {
  static std::vector<std::string> lines;
  return lines;
}
}  // namespace

log_capture::log_capture() {
  const std::lock_guard lock(global().mutex);
  capture_buffer().clear();
  global().captured = &capture_buffer();
}

log_capture::~log_capture() {
  const std::lock_guard lock(global().mutex);
  global().captured = nullptr;
}

std::string log_capture::text() const {
  const std::lock_guard lock(global().mutex);
  std::string text;
  for (const auto& line : capture_buffer()) (text += line) += '\n';
  return text;
}

}  // namespace drover
