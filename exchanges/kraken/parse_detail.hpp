#pragma once

#include "exchanges/instrument_table.hpp"
#include "exchanges/json_rows_detail.hpp"
#include "exchanges/protocol/operation.hpp"

// The readers of the answers' "result", by subject. What is wrong is noted in the fields.
namespace drover::exchanges::kraken {

/// Calls `each(name, json_fields&)` for the objects that are members of an object.
template <class Each>
void for_members(json_fields& reporter, sj::object members, Each each) {
  for (auto member : members) {
    std::string_view name;
    if (member.unescaped_key().get(name)) return reporter.note("a name");
    const std::string kept(name);
    json_fields inner(member.value().get_object());
    if (inner.ok()) each(kept, inner);
    if (!inner.ok()) return reporter.note(inner.problem());
  }
}

wall_time read_server_time(json_fields& result);
std::vector<instrument> read_instruments(json_fields& top);
book_ticker read_ticker(json_fields& top, const venue_call&);
std::vector<public_trade> read_trades(json_fields& top, const venue_call&);
book_snapshot read_book(json_fields& top, const venue_call&);
std::vector<candle> read_candles(json_fields& top, const venue_call&);

permissions read_permissions(json_fields& result);
std::vector<balance> read_balances(json_fields& top);
order read_order(json_fields&, std::string_view txid, const instrument_table&);
fill read_fill(json_fields&, std::string_view txid, const instrument_table&);

/// Seconds with a fraction, as a token: 1688666559.8974.
wall_time seconds_of(json_fields&, std::string_view token, std::string_view key);
wall_time seconds_of(json_fields&, decimal seconds, std::string_view key);
wall_time read_seconds(json_fields&, std::string_view key);
/// RFC 3339.
wall_time read_timestamp(json_fields&, std::string_view key);
side read_side(json_fields&, std::string_view key);
/// "buy"/"sell"; others are noted.
side side_of(json_fields&, std::string_view text, std::string_view key);

}  // namespace drover::exchanges::kraken
