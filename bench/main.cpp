#include <CLI/CLI.hpp>

#include "bench/benches.hpp"

int main(int argc, char** argv) {
  using namespace drover::bench;
  CLI::App app("Measurements inside a process, for scripts/bench");
  app.require_subcommand(1);
  std::string database, key_file;
  std::int64_t user = 0;
  int run_seconds = 2, connections = 8, count = 2000, status = 0;

  auto* seal = app.add_subcommand("seal-open");
  seal->add_option("--seconds", run_seconds);
  seal->callback([&] { status = run_seal_open(run_seconds); });

  auto* list = app.add_subcommand("list-ceiling");
  list->add_option("--database", database)->required();
  list->add_option("--user", user)->required();
  list->add_option("--connections", connections);
  list->add_option("--seconds", run_seconds);
  list->callback([&] { status = run_list_ceiling(database, user, connections, run_seconds); });

  auto* commit = app.add_subcommand("commit-latency");
  commit->add_option("--database", database)->required();
  commit->add_option("--count", count);
  commit->callback([&] { status = run_commit_latency(database, count); });

  auto* intents = app.add_subcommand("durable-intents");
  intents->add_option("--database", database)->required();
  intents->add_option("--seconds", run_seconds);
  intents->callback([&] { status = run_durable_intents(database, run_seconds); });

  auto* seed = app.add_subcommand("seed-accounts");
  seed->add_option("--database", database)->required();
  seed->add_option("--master-key", key_file)->required();
  seed->add_option("--user", user)->required();
  bool one_each = false;
  seed->add_flag("--one-each", one_each, "One for this user, one for the user after it, and so on.");
  seed->callback([&] { status = run_seed_accounts(database, key_file, user, one_each); });

  int rows = 200'000;
  auto* recorder = app.add_subcommand("recorder");
  recorder->add_option("--database", database)->required();
  recorder->add_option("--rows", rows);
  recorder->callback([&] { status = run_recorder(database, rows); });

  auto* tick = app.add_subcommand("tick-to-order");
  tick->add_option("--count", count);
  tick->callback([&] { status = run_tick_to_order(count); });

  int ticks = 1000;
  auto* hogs = app.add_subcommand("hogs");
  hogs->add_option("--ticks", ticks);
  hogs->callback([&] { status = run_hogs(ticks); });

  int idle = 100'000;
  auto* idle_bots = app.add_subcommand("idle-bots");
  idle_bots->add_option("--bots", idle)->check(CLI::Range(1, 1'000'000));
  idle_bots->callback([&] { status = run_idle_bots(idle); });

  int followers = 1'000, rounds = 20;
  auto* copy = app.add_subcommand("copy-fan-out");
  copy->add_option("--followers", followers)->check(CLI::Range(1, 10'000));
  copy->add_option("--rounds", rounds)->check(CLI::Range(1, 1'000));
  copy->add_option("--database", database);
  copy->callback([&] { status = run_copy_fan_out(followers, rounds, database); });

  auto* grants = app.add_subcommand("rate-grants");
  grants->add_option("--seconds", run_seconds);
  grants->callback([&] { status = run_rate_grants(run_seconds); });

  std::string samples;
  auto* parse = app.add_subcommand("venue-parse");
  parse->add_option("--samples", samples)->required();
  parse->add_option("--seconds", run_seconds);
  parse->callback([&] { status = run_venue_parse(samples, run_seconds); });

  auto* sign = app.add_subcommand("venue-sign");
  sign->add_option("--seconds", run_seconds);
  sign->callback([&] { status = run_venue_sign(run_seconds); });

  auto* book = app.add_subcommand("book-to-callback");
  book->add_option("--count", count);
  book->callback([&] { status = run_book_to_callback(count); });

  int symbols = 2000;
  auto* bytes = app.add_subcommand("symbol-bytes");
  bytes->add_option("--symbols", symbols)->check(CLI::Range(2, 100'000));
  bytes->callback([&] { status = run_symbol_bytes(symbols); });

  CLI11_PARSE(app, argc, argv);
  return status;
}
