#include "exchanges/types.hpp"

#include <array>
#include <utility>

namespace drover::exchanges {

namespace {

std::string_view message_of(int value) {
  switch (static_cast<exchange_errc>(value)) {
    case exchange_errc::bad_credentials: return "the exchange does not accept these credentials";
    case exchange_errc::permission_missing: return "the key may not do this";
    case exchange_errc::ip_not_allowed: return "the key is not valid from this address";
    case exchange_errc::clock_skew: return "the clocks differ too much";
    case exchange_errc::rate_limited: return "too many requests";
    case exchange_errc::insufficient_funds: return "insufficient funds";
    case exchange_errc::min_notional: return "the order is too small";
    case exchange_errc::bad_precision: return "price or quantity does not fit the instrument";
    case exchange_errc::duplicate_order: return "an order with this client order id exists";
    case exchange_errc::would_match: return "the post-only order would match at once";
    case exchange_errc::order_not_found: return "order not found";
    case exchange_errc::instrument_unknown: return "unknown instrument";
    case exchange_errc::maintenance: return "the exchange is not available";
    case exchange_errc::not_sent: return "the request was not sent";
    case exchange_errc::unknown_outcome: return "the outcome of the request is not known";
    case exchange_errc::refused: return "refused by the exchange";
    case exchange_errc::protocol: return "the exchange's answer cannot be understood";
    case exchange_errc::unsupported: return "the exchange has no such function";
  }
  return "unknown exchange error";
}

/// In the order of the enumeration, which begins at 1.
constexpr std::array<std::string_view, 18> error_names{
    "bad_credentials", "permission_missing", "ip_not_allowed", "clock_skew", "rate_limited", "insufficient_funds", "min_notional", "bad_precision", "duplicate_order", "would_match", "order_not_found", "instrument_unknown", "maintenance", "not_sent", "unknown_outcome", "refused", "protocol", "unsupported"};

const enum_category category("exchange", message_of);

template <class Enum, std::size_t Size>
using name_table = std::array<std::pair<Enum, std::string_view>, Size>;

constexpr name_table<side, 2> side_names{{{side::buy, "buy"}, {side::sell, "sell"}}};
constexpr name_table<order_type, 3> type_names{
    {{order_type::limit, "limit"}, {order_type::market, "market"}, {order_type::limit_maker, "limit_maker"}}};
constexpr name_table<time_in_force, 3> tif_names{
    {{time_in_force::gtc, "gtc"}, {time_in_force::ioc, "ioc"}, {time_in_force::fok, "fok"}}};
constexpr name_table<order_status, 6> status_names{{{order_status::open, "open"},
                                                    {order_status::partially_filled, "partially_filled"},
                                                    {order_status::filled, "filled"},
                                                    {order_status::cancelled, "cancelled"},
                                                    {order_status::rejected, "rejected"},
                                                    {order_status::expired, "expired"}}};

template <class Enum, std::size_t Size>
std::string_view name_of(const name_table<Enum, Size>& table, Enum value) {
  for (const auto& [candidate, name] : table)
    if (candidate == value) return name;
  return "unknown";
}

template <class Enum, std::size_t Size>
result<Enum> parse_name(const name_table<Enum, Size>& table, std::string_view text, std::string_view what) {
  for (const auto& [candidate, name] : table)
    if (name == text) return candidate;
  return fail(errc::malformed, "not a known " + std::string(what));
}

}  // namespace

std::string_view to_string(exchange_errc e) { return error_names.at(static_cast<std::size_t>(e) - 1); }

std::error_code make_error_code(exchange_errc e) { return {static_cast<int>(e), category}; }

std::string_view to_string(side v) { return name_of(side_names, v); }
std::string_view to_string(order_type v) { return name_of(type_names, v); }
std::string_view to_string(time_in_force v) { return name_of(tif_names, v); }
std::string_view to_string(order_status v) { return name_of(status_names, v); }

result<side> parse_side(std::string_view text) { return parse_name(side_names, text, "side"); }
result<order_type> parse_order_type(std::string_view text) { return parse_name(type_names, text, "order type"); }
result<order_status> parse_order_status(std::string_view text) {
  return parse_name(status_names, text, "order status");
}

bool is_terminal(order_status s) { return s != order_status::open && s != order_status::partially_filled; }

}  // namespace drover::exchanges
