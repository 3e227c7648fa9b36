#include "app/cli/backtest_command.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "base/json.hpp"
#include "engine/backtest/backtest.hpp"
#include "engine/strategies/sizing.hpp"

namespace drover::app {
namespace {

using engine::backtest_config;

constexpr std::size_t parameters_limit_bytes = 64 * 1024;
/// Where generated markets begin: 2024-01-01T00:00:00Z.
constexpr wall_time generated_begin{seconds(1'704'067'200)};
constexpr int hours_limit = 24 * 366;

struct backtest_options {
  std::string strategy, parameters = "{}", symbol = "BTC/USDT";
  std::vector<std::string> data;
  std::string generate, balance = "USDT=10000", from, to, picture;
  std::string fee_maker = "0.001", fee_taker = "0.001", start_price = "60000";
  std::string tick = "0.01", lot = "0.00001", min_quantity, max_quantity, min_notional = "5";
  int latency_ms = 50;
};

std::unexpected<error> wrong(const char* option, const std::string& what) {
  return fail(errc::out_of_range, std::string(option) + " " + what);
}

result<decimal> read_amount(const char* option, const std::string& text, bool positive) {
  auto value = decimal::parse(text);
  if (!value || value->is_negative() || (positive && value->is_zero()))
    return wrong(option,
                 std::string("must be a ") + (positive ? "positive " : "") + "decimal number, not '" + text + "'");
  return *value;
}

/// JSON text, or @FILE; gets the symbol when it names none.
result<std::string> read_parameters(const backtest_options& o) {
  std::string text = o.parameters;
  if (text.starts_with('@')) {
    auto read = system_files().read(text.substr(1), parameters_limit_bytes);
    if (!read) return wrong("--parameters", "cannot be read: " + read.error().detail);
    text = std::move(*read);
  }
  auto parsed = parse_json(text);
  if (!parsed) return wrong("--parameters", "is not JSON: " + parsed.error().detail);
  if (!parsed->is_object()) return wrong("--parameters", "must be a JSON object");
  if (!parsed->contains("symbol")) (*parsed)["symbol"] = o.symbol;
  return parsed->dump();
}

result<void> read_instrument(const backtest_options& o, exchanges::instrument& out) {
  if (!engine::is_symbol(o.symbol))
    return wrong("--symbol", "must be BASE/QUOTE, such as BTC/USDT, not '" + o.symbol + "'");
  const auto slash = o.symbol.find('/');
  out.symbol = o.symbol;
  out.base_asset = o.symbol.substr(0, slash);
  out.quote_asset = o.symbol.substr(slash + 1);
  out.venue_symbol = out.base_asset + out.quote_asset;
  struct rule {
    const char* option;
    const std::string& text;
    decimal& value;
    bool positive;
  };
  const std::string no_limit = "0";
  const rule rules[] = {{"--tick", o.tick, out.tick_size, true},
                        {"--lot", o.lot, out.lot_size, true},
                        {"--min-quantity", o.min_quantity.empty() ? o.lot : o.min_quantity, out.min_quantity, false},
                        {"--max-quantity", o.max_quantity.empty() ? no_limit : o.max_quantity, out.max_quantity, false},
                        {"--min-notional", o.min_notional, out.min_notional, false}};
  for (const auto& r : rules) {
    auto value = read_amount(r.option, r.text, r.positive);
    if (!value) return std::unexpected(value.error());
    r.value = *value;
  }
  return {};
}

/// "USDT=10000,BTC=0.5"
result<std::vector<exchanges::balance>> read_balances(const backtest_options& o, const exchanges::instrument& i) {
  std::vector<exchanges::balance> out;
  std::string_view left = o.balance;
  while (!left.empty()) {
    const auto comma = left.find(',');
    const auto part = left.substr(0, comma);
    left = comma == left.npos ? std::string_view() : left.substr(comma + 1);
    const auto equals = part.find('=');
    if (equals == part.npos)
      return wrong("--balance", "must be ASSET=AMOUNT,…, such as USDT=10000,BTC=0.5, not '" + o.balance + "'");
    const std::string asset(part.substr(0, equals));
    if (asset != i.base_asset && asset != i.quote_asset)
      return wrong("--balance", "names " + asset + ", which is no asset of " + i.symbol);
    auto amount = read_amount("--balance", std::string(part.substr(equals + 1)), false);
    if (!amount) return std::unexpected(amount.error());
    out.push_back({asset, *amount, {}});
  }
  return out;
}

result<backtest_config> read_config(const backtest_options& o) {
  backtest_config out;
  out.strategy = o.strategy;
  if (auto read = read_instrument(o, out.instrument); !read) return std::unexpected(read.error());
  auto parameters = read_parameters(o);
  if (!parameters) return std::unexpected(parameters.error());
  out.parameters = std::move(*parameters);
  auto balances = read_balances(o, out.instrument);
  if (!balances) return std::unexpected(balances.error());
  out.balances = std::move(*balances);
  auto maker = read_amount("--fee-maker", o.fee_maker, false), taker = read_amount("--fee-taker", o.fee_taker, false);
  if (!maker) return std::unexpected(maker.error());
  if (!taker) return std::unexpected(taker.error());
  if (*maker >= decimal(1) || *taker >= decimal(1))
    return wrong("--fee-maker and --fee-taker", "are shares below 1 (0.001 = 0.1 %)");
  out.fees = {*maker, *taker};
  out.latency = milliseconds(o.latency_ms);
  for (const auto& [option, text, target] :
       {std::tuple("--from", &o.from, &out.from), std::tuple("--to", &o.to, &out.to)}) {
    if (text->empty()) continue;
    auto at = parse_rfc3339(*text);
    if (!at) return wrong(option, "must be a time such as 2024-08-08T23:54:00Z, not '" + *text + "'");
    *target = *at;
  }
  return out;
}

/// "SEED,HOURS,VOLATILITY"
result<engine::generated_market> read_generated(const backtest_options& o) {
  engine::generated_market out{
      .seed = 0, .hours = 0, .daily_volatility = {}, .start_price = {}, .begin = generated_begin};
  const auto fault =
      wrong("--generate", "must be SEED,HOURS,VOLATILITY, such as 7,24,0.03 (hours 1 to " +
                              std::to_string(hours_limit) + ", volatility a day's, up to 1), not '" + o.generate + "'");
  const char* at = o.generate.data();
  const char* end = at + o.generate.size();
  auto seed = std::from_chars(at, end, out.seed);
  if (seed.ec != std::errc() || seed.ptr == end || *seed.ptr != ',') return fault;
  auto hours = std::from_chars(seed.ptr + 1, end, out.hours);
  if (hours.ec != std::errc() || hours.ptr == end || *hours.ptr != ',' || out.hours < 1 || out.hours > hours_limit)
    return fault;
  auto volatility = decimal::parse(std::string_view(hours.ptr + 1, static_cast<std::size_t>(end - hours.ptr - 1)));
  if (!volatility || volatility->is_negative() || *volatility > decimal(1)) return fault;
  out.daily_volatility = *volatility;
  auto price = read_amount("--start-price", o.start_price, true);
  if (!price) return std::unexpected(price.error());
  out.start_price = *price;
  return out;
}

result<std::unique_ptr<engine::market_source>> open_source(const backtest_options& o, const exchanges::instrument& i) {
  if (o.data.empty() == o.generate.empty())
    return fail(errc::out_of_range, "give --data FILE or --generate SEED,HOURS,VOLATILITY, one of them");
  if (!o.data.empty()) return engine::make_recorded_source({o.data.begin(), o.data.end()}, i.tick_size);
  auto market = read_generated(o);
  if (!market) return std::unexpected(market.error());
  return engine::make_generated_source(*market, i.tick_size, i.lot_size);
}

int complain(const error& e, int code) {
  fmt::print(stderr, "engine backtest: {}\n", e.detail);
  return code;
}

int run_command(const global_options& global, const backtest_options& o) {
  if (!o.picture.empty() && !o.picture.ends_with(".svg"))
    return complain({errc::out_of_range, "--picture must be a file that ends in .svg, not '" + o.picture + "'"},
                    exit_usage);
  auto config = read_config(o);
  if (!config) return complain(config.error(), exit_usage);
  auto source = open_source(o, config->instrument);
  if (!source) return complain(source.error(), exit_usage);
  auto report = engine::run_backtest(*config, **source);
  if (!report) return complain(report.error(), exit_usage);
  fmt::print("{}", global.output == "json" ? engine::to_json_text(*report) + "\n" : engine::to_table(*report));
  if (o.picture.empty()) return exit_ok;
  auto written = system_files().write_atomically(o.picture, engine::to_svg(*report));
  return written ? exit_ok
                 : complain({errc::io, "--picture cannot be written: " + written.error().detail}, exit_failed);
}

}  // namespace

void add_backtest_command(CLI::App& app, const global_options& global, std::function<int()>& chosen) {
  auto options = std::make_shared<backtest_options>();
  auto& o = *options;
  auto* command = app.add_subcommand("backtest", "Run a strategy over a recorded or generated market");
  command->add_option("--strategy", o.strategy, "Kind of strategy, such as grid or dca")->required();
  command->add_option("--parameters", o.parameters, "Its parameters: JSON, or @FILE")->capture_default_str();
  command->add_option("--symbol", o.symbol, "BASE/QUOTE that the data is of")->capture_default_str();
  command->add_option(
      "--data", o.data,
      "Recorded best prices, trades or candles (CSV or recorder's lines, plain or .gz); repeatable, in order of time");
  command->add_option("--generate", o.generate, "A random walk instead: SEED,HOURS,VOLATILITY (of a day, as a share)");
  command->add_option("--start-price", o.start_price, "Price at which a generated market begins")
      ->capture_default_str();
  command->add_option("--balance", o.balance, "What the account has: ASSET=AMOUNT,…")->capture_default_str();
  command->add_option("--fee-maker", o.fee_maker, "Share of what a resting order's fill receives")
      ->capture_default_str();
  command->add_option("--fee-taker", o.fee_taker, "Share of what a taking order's fill receives")
      ->capture_default_str();
  command->add_option("--latency-ms", o.latency_ms, "To the exchange, and as long back")
      ->check(CLI::Range(0, 60'000))
      ->capture_default_str();
  command->add_option("--from", o.from, "Leave out what is before this time");
  command->add_option("--to", o.to, "End before this time");
  command->add_option("--tick", o.tick, "Price step")->capture_default_str();
  command->add_option("--lot", o.lot, "Quantity step")->capture_default_str();
  command->add_option("--min-quantity", o.min_quantity, "Least quantity of an order (default: the lot)");
  command->add_option("--max-quantity", o.max_quantity, "Largest quantity of an order (default: none)");
  command->add_option("--min-notional", o.min_notional, "Least worth of an order")->capture_default_str();
  command->add_option("--picture", o.picture, "Draw equity, price and trades into this .svg file");
  command->callback(
      [&global, &chosen, options] { chosen = [&global, options] { return run_command(global, *options); }; });
}

}  // namespace drover::app
