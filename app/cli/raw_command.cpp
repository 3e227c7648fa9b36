#include "app/cli/raw_command.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "engine/formatted/formatted_rebuild.hpp"
#include "engine/formatted/raw_check.hpp"
#include "engine/formatted/raw_overview.hpp"
#include "exchanges/registry.hpp"

namespace drover::app {
namespace {

struct raw_options {
  std::string from, to;
  std::vector<std::string> tables;
  bool all = false;
  int limit = 100;
};

/// The protocols of the configured exchanges by name.
class protocol_table {
 public:
  explicit protocol_table(const settings& s) {
    for (const auto& e : s.exchanges)
      if (auto made = exchanges::make_protocol(e.dialect, e.options)) by_name_[e.name] = std::move(*made);
  }
  exchanges::protocol_source source() const {
    return [this](std::string_view name) -> const exchanges::venue_protocol* {
      const auto found = by_name_.find(name);
      return found == by_name_.end() ? nullptr : found->second.get();
    };
  }

 private:
  std::map<std::string, std::unique_ptr<exchanges::venue_protocol>, std::less<>> by_name_;
};

/// A date is its first moment (UTC).
result<wall_time> parse_moment(const std::string& text) {
  constexpr std::size_t date_size = 10;
  return parse_rfc3339(text.size() == date_size ? text + "T00:00:00Z" : text);
}

int complain(std::string_view command, const error& e) {
  // A table, a span or a moment that does not exist is a wrong argument.
  const bool wrong_use = e.code == errc::out_of_range;
  fmt::print(stderr, "engine {}: {}\n", command, describe(e));
  if (wrong_use) return exit_usage;
  return e.code == db_errc::unavailable || e.code == db_errc::timed_out ? exit_unavailable : exit_failed;
}

int complain_of_time(const std::string& text) {
  fmt::print(stderr, "engine: '{}' is neither a date (2026-11-21) nor a time (2026-11-21T10:00:00Z)\n", text);
  return exit_usage;
}

void print_rebuilt(const engine::rebuild_outcome& out, bool as_json) {
  if (as_json) {
    json tables = json::array();
    for (std::size_t i = 0; i < out.after.size(); ++i)
      tables.push_back({{"table", out.after[i].table}, {"rows", out.after[i].rows}, {"hash", out.after[i].hash},
                        {"rows_before", out.before[i].rows}, {"hash_before", out.before[i].hash}});
    const json whole{{"raw_rows", out.raw_rows}, {"rejected", out.rejected}, {"days", out.days}, {"tables", tables}};
    fmt::print("{}\n", whole.dump(2));
    return;
  }
  fmt::print("{} raw rows of {} days compiled, {} not understood\n", out.raw_rows, out.days, out.rejected);
  for (std::size_t i = 0; i < out.after.size(); ++i) {
    const auto& now = out.after[i];
    const bool same = now.hash == out.before[i].hash && now.rows == out.before[i].rows;
    fmt::print("{:<10} {:>12} rows  {:<34} {}\n", now.table, now.rows, now.hash, same ? "unchanged" : "changed");
  }
}

int run_rebuild(const global_options& global, const raw_options& given) {
  const auto s = load_settings(global);
  if (!s) return exit_config;
  const auto from = parse_moment(given.from);
  if (!from) return complain_of_time(given.from);
  engine::rebuild_request request{*from, {}, {given.tables.begin(), given.tables.end()}};
  if (!given.to.empty()) {
    const auto to = parse_moment(given.to);
    if (!to) return complain_of_time(given.to);
    request.to = *to;
  }
  const protocol_table protocols(*s);
  const auto tell = [](const std::string& day, std::uint64_t rows) { fmt::print(stderr, "{}: {} raw rows\n", day, rows); };
  const auto done = engine::rebuild_formatted(s->database, protocols.source(), request, tell);
  if (!done) return complain("rebuild", done.error());
  print_rebuilt(*done, global.output == "json");
  return exit_ok;
}

int run_check(const global_options& global, const raw_options& given) {
  const auto s = load_settings(global);
  if (!s) return exit_config;
  const auto from = parse_moment(given.from);
  if (!from) return complain_of_time(given.from);
  engine::check_request request{*from, {}};
  if (!given.to.empty()) {
    const auto to = parse_moment(given.to);
    if (!to) return complain_of_time(given.to);
    request.to = *to;
  }
  const protocol_table protocols(*s);
  const auto done = engine::check_raw_records(s->database, protocols.source(), request);
  if (!done) return complain("raw check", done.error());
  json streams = json::array(), trades = json::array();
  for (const auto& c : done->streams)
    streams.push_back({{"stream", c.stream}, {"received", c.received}, {"gap_rows", c.gap_rows}, {"open_gaps", c.open_gaps},
                       {"explained", c.explained}, {"silent", c.silent}});
  for (const auto& t : done->trades)
    trades.push_back({{"exchange", t.exchange}, {"symbol", t.symbol}, {"received", t.received}, {"in_gaps", t.in_gaps},
                      {"silent", t.silent}, {"first_silent", t.first_silent}});
  if (global.output == "json") {
    const json whole{{"complete", done->is_complete()}, {"streams", streams}, {"trades", trades}};
    fmt::print("{}\n", whole.dump(2));
  } else {
    fmt::print("{:<28} {:>12} {:>8} {:>8} {:>10} {:>8}\n", "stream", "received", "gaps", "open", "explained", "silent");
    for (const auto& c : done->streams)
      fmt::print("{:<28} {:>12} {:>8} {:>8} {:>10} {:>8}\n", c.stream, c.received, c.gap_rows, c.open_gaps, c.explained, c.silent);
    for (const auto& t : done->trades)
      fmt::print("{:<28} {:>12} {:>8} {:>8} {:>10} {:>8}\n", t.exchange + " trades " + t.symbol, t.received, t.in_gaps, "", "", t.silent);
    fmt::print("{}\n", done->is_complete() ? "nothing is missing silently" : "NUMBERS ARE MISSING WITHOUT A GAP ROW");
  }
  return done->is_complete() ? exit_ok : exit_failed;
}

int run_status(const global_options& global) {
  const auto s = load_settings(global);
  if (!s) return exit_config;
  const auto done = engine::read_raw_overview(s->database);
  if (!done) return complain("raw status", done.error());
  json streams = json::array();
  for (const auto& p : *done)
    streams.push_back({{"stream", p.stream}, {"last_sequence", p.last_sequence}, {"compiled_to", p.compiled_to},
                       {"rows_compiled", p.rows_read}, {"rejected", p.rejected}, {"open_gaps", p.open_gaps}});
  if (global.output == "json") {
    fmt::print("{}\n", streams.dump(2));
    return exit_ok;
  }
  fmt::print("{:<28} {:>18} {:>18} {:>12} {:>9} {:>9}\n", "stream", "last", "compiled to", "rows", "rejected", "open gaps");
  for (const auto& p : *done)
    fmt::print("{:<28} {:>18} {:>18} {:>12} {:>9} {:>9}\n", p.stream, p.last_sequence, p.compiled_to, p.rows_read, p.rejected, p.open_gaps);
  return exit_ok;
}

int run_gaps(const global_options& global, const raw_options& given) {
  const auto s = load_settings(global);
  if (!s) return exit_config;
  const auto done = engine::read_gaps(s->database, !given.all, given.limit);
  if (!done) return complain("raw gaps", done.error());
  json rows = json::array();
  for (const auto& g : *done)
    rows.push_back({{"stream", g.stream}, {"from", g.from}, {"to", g.to}, {"what", g.what}, {"reason", g.reason}, {"state", g.state},
                    {"outcome", g.outcome}});
  if (global.output == "json") {
    fmt::print("{}\n", rows.dump(2));
    return exit_ok;
  }
  for (const auto& g : *done)
    fmt::print("{:<20} {} .. {}  {:<10} {}  {}{}{}\n", g.stream, g.from, g.to, g.state, g.what, g.reason, g.outcome.empty() ? "" : " -> ", g.outcome);
  return exit_ok;
}

}  // namespace

void add_raw_commands(CLI::App& app, const global_options& global, std::function<int()>& chosen) {
  auto given = std::make_shared<raw_options>();
  const auto choose = [&chosen](CLI::App* command, std::function<int()> action) {
    command->callback([&chosen, action = std::move(action)] { chosen = action; });
  };
  const auto with_span = [&](CLI::App* command) {
    command->add_option("--from", given->from, "Date (UTC) or RFC 3339 time from which on")->required();
    command->add_option("--to", given->to, "Date or time before which; default: the end");
    return command;
  };
  auto* rebuild = with_span(app.add_subcommand("rebuild", "Compile the formatted tables again from raw records; the engine may be running"));
  rebuild->add_option("--tables", given->tables, "balances, orders, fills, candles, rejects; default: all")->delimiter(',');
  choose(rebuild, [given, &global] { return run_rebuild(global, *given); });

  auto* raw = app.add_subcommand("raw", "What was recorded of the exchanges, and what is missing")->require_subcommand(1);
  choose(raw->add_subcommand("status", "Streams, how far they are compiled, open gaps"), [&global] { return run_status(global); });
  auto* gaps = raw->add_subcommand("gaps", "Gaps, latest first");
  gaps->add_flag("--all", given->all, "Settled ones as well");
  gaps->add_option("--limit", given->limit, "At most so many")->check(CLI::Range(1, 100000))->capture_default_str();
  choose(gaps, [given, &global] { return run_gaps(global, *given); });
  choose(with_span(raw->add_subcommand("check", "Is every number there, received or noted as a gap? Exit 1 if not")),
         [given, &global] { return run_check(global, *given); });
}

}  // namespace drover::app
