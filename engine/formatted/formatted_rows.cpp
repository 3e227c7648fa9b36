#include "engine/formatted/formatted_rows.hpp"

namespace drover::engine {

namespace {

constexpr std::size_t name_limit = 200, reason_limit = 300;

wall_time to_microseconds(wall_time t) {
  return {std::chrono::floor<std::chrono::microseconds>(t.since_epoch)};
}

std::string hour_of(wall_time t) {
  return to_rfc3339({std::chrono::floor<std::chrono::hours>(t.since_epoch)});
}

/// Keeps whichever `replaces(found, row)` says.
template <class Row, class Replaces>
void keep(std::map<formatted_rows::key, Row>& rows, formatted_rows::key key, Row row, Replaces replaces) {
  auto [at, first] = rows.try_emplace(std::move(key), row);
  if (!first && replaces(at->second, row)) at->second = std::move(row);
}

bool is_later(const raw_origin& than, const raw_origin& o) { return o.order() > than.order(); }

/// A whole answer before ids only, an end before anything else, then the most filled, then the latest.
bool is_further(const order_row& than, const order_row& r) {
  const auto rank = [](const order_row& o) {
    return std::tuple(o.order.complete, exchanges::is_terminal(o.order.status), o.order.filled_quantity, o.origin.order());
  };
  return rank(r) > rank(than);
}

/// The first record that names the fee, else the first.
bool is_better(const fill_row& than, const fill_row& r) {
  const auto rank = [](const fill_row& f) { return std::tuple(f.fill.fee_asset.empty(), f.origin.order()); };
  return rank(r) < rank(than);
}

}  // namespace

std::string to_stored_text(std::string_view text, std::size_t limit) {
  std::string out(text.substr(0, limit));
  for (char& c : out)
    if (c < 0x20 || c > 0x7e) c = '?';
  return out;
}

void formatted_rows::add(const exchanges::spool_record& r, exchanges::interpreted_record said) {
  const std::string exchange(exchanges::exchange_of(r.stream));
  raw_origin origin{r.stream, r.sequence, to_microseconds(r.received_at), 0};
  if (said.reject) rejects.push_back({to_stored_text(r.operation, name_limit), to_stored_text(*said.reject, reason_limit), origin});
  for (auto& b : said.balances) {
    ++origin.item;
    b.asset = to_stored_text(b.asset, name_limit);
    key k{exchange, r.account, b.asset, hour_of(origin.received_at)};
    keep(balances, std::move(k), balance_row{exchange, r.account, std::move(b), origin},
         [](const balance_row& a, const balance_row& b) { return is_later(a.origin, b.origin); });
  }
  for (auto& o : said.orders) {
    ++origin.item;
    for (auto* text : {&o.symbol, &o.venue_order_id, &o.client_order_id}) *text = to_stored_text(*text, name_limit);
    o.updated_at = to_microseconds(o.updated_at);
    if (o.venue_order_id.empty()) continue;
    key k{exchange, r.account, o.symbol, o.venue_order_id};
    keep(orders, std::move(k), order_row{exchange, r.account, std::move(o), origin}, is_further);
  }
  for (auto& f : said.fills) {
    ++origin.item;
    for (auto* text : {&f.symbol, &f.trade_id, &f.venue_order_id, &f.client_order_id, &f.fee_asset})
      *text = to_stored_text(*text, name_limit);
    f.at = to_microseconds(f.at);
    key k{exchange, r.account, f.symbol, f.trade_id};
    keep(fills, std::move(k), fill_row{exchange, r.account, std::move(f), origin}, is_better);
  }
  for (auto& c : said.candles) {
    ++origin.item;
    c.symbol = to_stored_text(c.symbol, name_limit);
    c.opens_at = to_microseconds(c.opens_at);
    key k{exchange, c.symbol, std::string(exchanges::to_string(c.interval)), to_rfc3339(c.opens_at)};
    keep(candles, std::move(k), candle_row{exchange, std::move(c), origin},
         [](const candle_row& a, const candle_row& b) { return is_later(a.origin, b.origin); });
  }
}

}  // namespace drover::engine
