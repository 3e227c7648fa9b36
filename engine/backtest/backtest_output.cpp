#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/backtest/backtest.hpp"

namespace drover::engine {

namespace {

using ordered = nlohmann::ordered_json;

constexpr int picture_width = 1000, picture_height = 620;
constexpr int left_edge = 90, right_edge = 980;
/// Marks of trades in a picture; more are thinned out.
constexpr std::size_t marks_limit = 500;

std::string percent(decimal share) {
  return (share * decimal(100)).round_to_places(2, rounding::half_even).to_string(2) + " %";
}

/// One of the two panels: values of a range at heights of a range.
struct panel {
  double low = 0, high = 1;
  int top = 0, bottom = 0;
  double y(double value) const { return bottom - (value - low) / (high - low) * (bottom - top); }
};

double to_number(decimal d) {
  return std::stod(d.to_string());
}

double x_of(const backtest_report& r, wall_time at) {
  const auto span = static_cast<double>(std::max<std::int64_t>(1, (r.end - r.begin).count()));
  return left_edge + static_cast<double>((at - r.begin).count()) / span * (right_edge - left_edge);
}

template <class Value>
panel make_panel(const backtest_report& r, int top, int bottom, Value value) {
  panel out{.low = 0, .high = 1, .top = top, .bottom = bottom};
  if (r.curve.empty()) return out;
  const auto [low, high] = std::ranges::minmax(r.curve, {}, value);
  out.low = to_number(value(low));
  out.high = to_number(value(high));
  const double margin = std::max((out.high - out.low) * 0.05, out.high * 1e-6 + 1e-9);
  out.low -= margin;
  out.high += margin;
  return out;
}

template <class Value>
std::string draw_line(const backtest_report& r, const panel& p, const char* colour, Value value) {
  std::string out = fmt::format("<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\" points=\"", colour);
  for (const auto& point : r.curve)
    out += fmt::format("{:.1f},{:.1f} ", x_of(r, point.at), p.y(to_number(value(point))));
  return out + "\"/>\n";
}

std::string draw_frame(const panel& p, const std::string& title) {
  std::string out = fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#ccc\"/>\n",
                                left_edge, p.top, right_edge - left_edge, p.bottom - p.top);
  out += fmt::format("<text x=\"{}\" y=\"{}\" font-weight=\"bold\">{}</text>\n", left_edge, p.top - 8, title);
  for (int i = 0; i <= 4; ++i) {
    const double value = p.low + (p.high - p.low) * i / 4;
    out += fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\" fill=\"#555\">{:.2f}</text>\n", left_edge - 6,
                       p.y(value) + 4, value);
  }
  return out;
}

/// Buys point up below the price, sells point down above it.
std::string draw_trades(const backtest_report& r, const panel& p) {
  std::string out;
  const std::size_t stride = r.trades.size() / marks_limit + 1;
  for (std::size_t i = 0; i < r.trades.size(); i += stride) {
    const auto& t = r.trades[i];
    const bool buys = t.side == exchanges::side::buy;
    const double x = x_of(r, t.at),
                 y = std::clamp(p.y(to_number(t.price)), static_cast<double>(p.top), static_cast<double>(p.bottom)),
                 away = buys ? 9 : -9;
    out += fmt::format("<path d=\"M{:.1f} {:.1f} l4 {:.0f} l-8 0 z\" fill=\"{}\"/>\n", x, y, away,
                       buys ? "#1a7f37" : "#cf222e");
  }
  return out;
}

}  // namespace

std::string to_json_text(const backtest_report& r) {
  ordered out{{"strategy", r.strategy},
              {"symbol", r.symbol},
              {"begin", to_rfc3339(r.begin)},
              {"end", to_rfc3339(r.end)},
              {"market_events", r.market_events},
              {"first_price", r.first_price.to_string()},
              {"last_price", r.last_price.to_string()},
              {"start_equity", r.start_equity.to_string()},
              {"end_equity", r.end_equity.to_string()},
              {"return", r.return_share.to_string()},
              {"buy_and_hold_return", r.buy_and_hold_return.to_string()},
              {"realised", r.realised.to_string()},
              {"unrealised", r.unrealised.to_string()},
              {"fees", r.fees.to_string()},
              {"orders", r.orders},
              {"refused", r.refused},
              {"trades", r.trades.size()},
              {"rounds", r.rounds},
              {"win_rate", r.win_rate.to_string()},
              {"max_drawdown", r.max_drawdown.to_string()},
              {"sharpe", r.sharpe.to_string()},
              {"time_in_market", r.time_in_market.to_string()},
              {"turnover", r.turnover.to_string()},
              {"turnover_share", r.turnover_share.to_string()},
              {"ended_because", r.ended_because}};
  auto& fills = out["fills"] = ordered::array();
  for (const auto& t : r.trades)
    fills.push_back({{"at", to_rfc3339(t.at)},
                     {"side", to_string(t.side)},
                     {"price", t.price.to_string()},
                     {"quantity", t.quantity.to_string()},
                     {"fee", t.fee.to_string()},
                     {"fee_asset", t.fee_asset},
                     {"maker", t.maker}});
  auto& curve = out["curve"] = ordered::array();
  for (const auto& p : r.curve)
    curve.push_back({{"at", to_rfc3339(p.at)}, {"price", p.price.to_string()}, {"equity", p.equity.to_string()}});
  return out.dump(1);
}

std::string to_table(const backtest_report& r) {
  std::string out;
  const auto row = [&](const char* name, const std::string& value) { out += fmt::format("{:<22} {}\n", name, value); };
  const auto money = [&](decimal d) {
    return d.round_to_places(4, rounding::half_even).to_string() + " " + r.quote_asset;
  };
  row("strategy", r.strategy + " on " + r.symbol);
  row("from", to_rfc3339(r.begin));
  row("to", to_rfc3339(r.end));
  row("equity", money(r.start_equity) + " -> " + money(r.end_equity));
  row("return", percent(r.return_share));
  row("buy and hold", percent(r.buy_and_hold_return));
  row("realised", money(r.realised));
  row("unrealised", money(r.unrealised));
  row("fees", money(r.fees));
  row("orders", std::to_string(r.orders) + ", " + std::to_string(r.refused) + " refused");
  row("trades", std::to_string(r.trades.size()));
  row("win rate", r.rounds == 0 ? "-" : percent(r.win_rate) + " of " + std::to_string(r.rounds) + " sales");
  row("max drawdown", percent(r.max_drawdown));
  row("Sharpe ratio, yearly", r.sharpe.to_string());
  row("time in market", percent(r.time_in_market));
  row("turnover", money(r.turnover) + ", " + percent(r.turnover_share) + " of the start");
  if (!r.ended_because.empty()) row("ended", r.ended_because);
  return out;
}

std::string to_svg(const backtest_report& r) {
  const auto equity = [](const backtest_point& p) { return p.equity; };
  const auto price = [](const backtest_point& p) { return p.price; };
  const auto upper = make_panel(r, 60, 290, equity), lower = make_panel(r, 340, 580, price);
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n",
      picture_width, picture_height);
  out += fmt::format("<rect width=\"{}\" height=\"{}\" fill=\"#fff\"/>\n", picture_width, picture_height);
  out += fmt::format(
      "<text x=\"{}\" y=\"28\" font-size=\"16\" font-weight=\"bold\">{} on {}: {} (buy and hold {})</text>\n",
      left_edge, r.strategy, r.symbol, percent(r.return_share), percent(r.buy_and_hold_return));
  out += draw_frame(upper, "Equity, " + r.quote_asset) + draw_line(r, upper, "#0969da", equity);
  out += draw_frame(lower, "Price, " + r.quote_asset) + draw_line(r, lower, "#57606a", price) + draw_trades(r, lower);
  out += fmt::format("<text x=\"{}\" y=\"605\" fill=\"#555\">{}</text>\n", left_edge, to_rfc3339(r.begin));
  out += fmt::format("<text x=\"{}\" y=\"605\" text-anchor=\"end\" fill=\"#555\">{}</text>\n", right_edge,
                     to_rfc3339(r.end));
  return out + "</svg>\n";
}

}  // namespace drover::engine
