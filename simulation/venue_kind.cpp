#include "simulation/venue_kind.hpp"

#include <array>

namespace drover::simulation {
namespace {

constexpr std::array kinds{
    // newClientOrderId: unique among open orders; myTrades names the order id only.
    venue_kind{.name = "binance", .trades_name_client_id = false},
    // cl_ord_id: unique across open orders; AddOrder answers the txid alone; trade ids are text.
    venue_kind{.name = "kraken", .answers_ids_only = true, .counting_trade_ids = false},
    // orderLinkId: always unique; create and cancel are acknowledged, the stream tells the outcome.
    venue_kind{
        .name = "bybit", .uniqueness = id_uniqueness::for_ever, .answers_ids_only = true, .separate_fill_events = true},
    venue_kind{.name = "okx", .uniqueness = id_uniqueness::for_ever, .answers_ids_only = true},
    // clientOid: unique among active orders only.
    venue_kind{.name = "kucoin", .answers_ids_only = true, .trades_name_client_id = false},
    // client_oid: not checked; a cancelled order without a match is gone; fills name the order id only.
    venue_kind{.name = "coinbaseexchange",
               .uniqueness = id_uniqueness::never,
               .trades_name_client_id = false,
               .forgets_cancelled = true,
               .separate_fill_events = true,
               .processing_bound = milliseconds(40'000)},
};

}  // namespace

std::span<const venue_kind> venue_kinds() {
  return kinds;
}

}  // namespace drover::simulation
