#include <limits>
#include <map>

#include "base/encoding.hpp"
#include "web/api/handlers.hpp"
#include "web/api/history_query.hpp"
#include "web/ask_trading.hpp"

namespace drover::web::api {

namespace {

using engine::market_price;
using engine::position_record;

constexpr std::int64_t any_id = std::numeric_limits<std::int64_t>::max();
/// Of one user; more are not read.
constexpr std::size_t position_limit = 10'000;
constexpr std::size_t cursor_limit = 128;

struct position_query {
  user_id owner;
  engine::position_filter filter;
  list_form form;
  /// The first one that is shown; earlier ones count in the sums only.
  account_id after_account{};
  std::string after_symbol;
};

std::string to_cursor(const position_record& p) { return to_base64url(std::to_string(p.account.value) + " " + p.symbol); }

void read_cursor(query_reader& query, position_query& q) {
  const auto text = query.text("cursor", cursor_limit);
  if (!text) return;
  const auto decoded = from_base64url(*text);
  const auto space = decoded ? decoded->find(' ') : std::string::npos;
  const auto account = space == std::string::npos ? std::nullopt : read_number(std::string_view(*decoded).substr(0, space));
  if (!account) return complain_of_cursor(query);
  q.after_account = account_id(*account);
  q.after_symbol = decoded->substr(space + 1);
}

std::expected<position_query, problem> read_query(request& r) {
  query_reader query(r);
  position_query q;
  const owner_choice owner(query, r);
  q.owner = owner.value();
  q.filter.account = account_id(query.integer("account_id", 0, 1, any_id));
  q.filter.symbol = query.text("symbol", symbol_limit).value_or("");
  const auto open = query.text("open", 8);
  if (open && *open != "true" && *open != "false") query.complain("open", "must be true or false");
  q.filter.open_only = open == "true";
  q.form = read_form(query, r);
  read_cursor(query, q);
  if (auto wrong = query.finish()) return refuse(std::move(*wrong));
  if (auto refused = owner.refusal()) return refuse(std::move(*refused));
  return q;
}

task<result<std::vector<position_record>>> read_positions(const position_query& q, engine::history_store& history) {
  std::vector<position_record> all;
  engine::position_page page{.limit = engine::history_store::page_limit};
  while (all.size() < position_limit) {
    auto found = co_await history.positions(q.owner, q.filter, page);
    if (!found) co_return std::unexpected(found.error());
    const bool last = std::cmp_less(found->size(), page.limit);
    for (auto& p : *found) all.push_back(std::move(p));
    if (last) break;
    page.after_account = all.back().account;
    page.after_symbol = all.back().symbol;
  }
  co_return all;
}

task<engine::market_prices> read_prices(const std::vector<position_record>& positions, services& s) {
  std::vector<engine::market_key> markets;
  for (const auto& p : positions)
    if (!p.position.quantity.is_zero()) markets.push_back({p.exchange_name, p.symbol});
  if (!s.parts.prices || markets.empty()) co_return engine::market_prices();
  std::ranges::sort(markets);
  markets.erase(std::ranges::unique(markets).begin(), markets.end());
  std::function<void(answer_sink<engine::market_prices>)> ask = [&s, &markets](auto done) { s.parts.prices(markets, std::move(done)); };
  auto prices = co_await ask_trading<engine::market_prices>(s, std::move(ask));
  co_return prices ? *prices : engine::market_prices();
}

/// A position with what it is worth at the latest price, where that is known.
struct valued_position {
  const position_record* row;
  std::optional<decimal> price, value, unrealised;
  std::optional<milliseconds> age;
};

valued_position value_of(const position_record& p, const engine::market_prices& prices) {
  valued_position out{.row = &p, .price = {}, .value = {}, .unrealised = {}, .age = {}};
  if (p.position.quantity.is_zero()) {
    out.value = out.unrealised = decimal();
    return out;
  }
  const auto known = prices.find({p.exchange_name, p.symbol});
  if (known == prices.end()) return out;
  out.price = known->second.mid();
  out.age = known->second.age;
  out.value = p.position.quantity * *out.price;
  out.unrealised = engine::unrealised_profit(p.position, *out.price);
  return out;
}

/// What positions of one quote asset come to.
struct position_sum {
  std::int64_t positions = 0, unpriced = 0;
  decimal cost, realised, value, unrealised;
};

std::optional<std::int64_t> age_ms(const valued_position& v) {
  return v.age ? std::optional<std::int64_t>(v.age->count()) : std::nullopt;
}

void write_position(json_writer& w, const valued_position& v) {
  const auto& p = *v.row;
  w.begin_object().member("account_id", p.account).member("user_id", p.user).member("exchange_name", p.exchange_name);
  w.member("symbol", p.symbol).member("base_asset", p.base_asset).member("quote_asset", p.quote_asset);
  w.member("quantity", p.position.quantity).member("cost", p.position.cost).member("average_price", engine::average_price(p.position));
  w.member("realised", p.position.realised_profit).member("price", v.price).member("price_age_ms", age_ms(v));
  w.member("value", v.value).member("unrealised", v.unrealised).member("updated_at", p.updated_at).end_object();
}

void write_titles(csv_writer& csv) {
  for (const auto* title : {"account_id", "exchange_name", "symbol", "quote_asset", "quantity", "cost", "average_price", "realised", "price",
                            "price_age_ms", "value", "unrealised", "updated_at"})
    csv.value(title);
  csv.end_row();
}

void write_row(csv_writer& csv, const valued_position& v) {
  const auto& p = *v.row;
  csv.value(p.account).value(p.exchange_name).value(p.symbol).value(p.quote_asset).value(p.position.quantity).value(p.position.cost);
  csv.value(engine::average_price(p.position)).value(p.position.realised_profit).value(v.price).value(age_ms(v));
  csv.value(v.value).value(v.unrealised).value(p.updated_at).end_row();
}

void write_sums(json_writer& w, const std::map<std::string, position_sum>& sums) {
  w.key("sums").begin_array();
  for (const auto& [asset, sum] : sums) {
    w.begin_object().member("asset", asset).member("positions", sum.positions).member("unpriced", sum.unpriced);
    w.member("cost", sum.cost).member("realised", sum.realised).member("value", sum.value).member("unrealised", sum.unrealised);
    w.end_object();
  }
  w.end_array();
}

void add(std::map<std::string, position_sum>& sums, const valued_position& v) {
  auto& sum = sums[v.row->quote_asset];
  ++sum.positions;
  sum.cost += v.row->position.cost;
  sum.realised += v.row->position.realised_profit;
  if (!v.value) ++sum.unpriced;
  if (v.value) sum.value += *v.value;
  if (v.unrealised) sum.unrealised += *v.unrealised;
}

}  // namespace

/// GET /api/positions: what the caller's accounts hold because of the engine's orders, valued at the middle of the latest bid
/// and ask; `sums` over all that the filter lets through.
task<answer> handle_list_positions(request& r, services& s) {
  auto query = read_query(r);
  if (!query) co_return refuse(std::move(query.error()));
  if (s.parts.history == nullptr) co_return refuse(make_no_history());
  auto found = co_await read_positions(*query, *s.parts.history);
  if (!found) co_return refuse(found.error());
  const auto prices = co_await read_prices(*found, s);
  csv_writer csv;
  json_writer w(4096);
  write_titles(csv);
  w.begin_object().key("items").begin_array();
  std::map<std::string, position_sum> sums;
  std::string next;
  const position_record* last = nullptr;
  for (int shown = 0; const auto& p : *found) {
    const auto valued = value_of(p, prices);
    add(sums, valued);
    const bool earlier = query->after_account.valid() && std::tie(p.account, p.symbol) <= std::tie(query->after_account, query->after_symbol);
    if (earlier) continue;
    if (shown == query->form.limit) {
      if (next.empty()) next = to_cursor(*last);
      continue;
    }
    ++shown;
    last = &p;
    query->form.csv ? write_row(csv, valued) : write_position(w, valued);
  }
  if (query->form.csv) co_return csv_response(std::move(csv), "positions", next);
  w.end_array();
  write_sums(w, sums);
  co_return finish_page(w, next, static_cast<std::int64_t>(found->size()));
}

}  // namespace drover::web::api
