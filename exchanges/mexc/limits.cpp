#include "exchanges/mexc/limits.hpp"

#include <array>

#include "exchanges/protocol/answers.hpp"

namespace drover::exchanges::mexc {

namespace {

/// mexcdevelop.github.io, spot v3 "Limits": weights within 10 seconds, of the address and of the user. The venue's own pages name
/// 300 (older) and 500 (www.mexc.com/api-docs/spot-v3/general-info) for the address, of each endpoint or of all: the least and the
/// strictest of them is kept.
constexpr std::array venue_rules{
    rate_rule{"address_weight_10s", rate_scope::address, rate_model::sliding_window, 300, nanoseconds(10s)},
    rate_rule{"account_weight_10s", rate_scope::account, rate_model::sliding_window, 500, nanoseconds(10s)},
};
/// When the venue names no time: its window, its shortest ban.
constexpr nanoseconds default_pause = 10s, default_ban = 120s;

}  // namespace

std::span<const rate_rule> rules() { return venue_rules; }

limit_report read_limits(const wire_request&, const client_response& answer) {
  limit_report out;
  // Repeated violations of any account are punished with a ban of the address.
  if (answer.status == 429) out.address_ban = retry_after_of(answer).value_or(default_pause);
  if (answer.status == 418) out.address_ban = retry_after_of(answer).value_or(default_ban);
  return out;
}

}  // namespace drover::exchanges::mexc
