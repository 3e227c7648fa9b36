#include "simulation/plants.hpp"

#include <algorithm>
#include <array>

#include "base/planted.hpp"

#ifdef DROVER_PLANTED_BUGS

namespace drover {
namespace simulation {
namespace {

constexpr std::array all{
    plant{"send_before_commit", "the request leaves before its intent is stored"},
    plant{"send_unstored", "an intent that could not be stored is sent all the same"},
    plant{"send_fenced", "the account was lost, the order is sent all the same"},
    plant{"take_next_epoch", "an engine that was fenced goes on under the next epoch"},
    plant{"skip_fence", "the journal takes writes of any epoch"},
    plant{"send_late", "no limit on how long an order may wait before it leaves"},
    plant{"resend_unknown", "a request without an answer is sent again"},
    plant{"resend_limited", "a request that was refused for its rate is sent again"},
    plant{"unknown_is_refused", "an outcome that is not known counts as a refusal"},
    plant{"never_resolve", "nobody asks what became of an unknown order"},
    plant{"trust_first_not_found", "the first 'not found' is believed"},
    plant{"ignore_dead_after", "absence counts before the request's validity has passed"},
    plant{"one_endpoint", "absence at one endpoint is proof"},
    plant{"forget_processing_bound", "a venue's own delay is left out of the validity"},
    plant{"skip_recovery", "an account trades before its earlier orders are resolved"},
    plant{"place_while_unknown", "new orders although the outcome of one is unknown"},
    plant{"ignore_lock", "the trading lock is not looked at"},
    plant{"ignore_late_lock", "an order that waits for the rate budget leaves although trading was locked meanwhile"},
    plant{"settle_at_once", "a stop is answered while orders are on their way"},
    plant{"missing_is_cancelled", "an order that is not in the list of open ones counts as cancelled"},
    plant{"vanished_at_once", "an order that is not found once counts as ended"},
    plant{"never_read_fills", "fills that the stream lost are never read"},
    plant{"complete_too_early", "the newest fill of a list moves the mark although older ones may follow"},
    plant{"ignore_late_fill", "fills of closed orders are dropped"},
    plant{"tell_fill_twice", "a repeated fill is told to the strategy again"},
    plant{"forget_dedupe", "a repeated fill is booked again"},
    plant{"lose_fee", "fees do not reach the books"},
    plant{"close_with_fills_missing", "an order is closed before its fills are booked"},
    plant{"forget_cancel", "a cancel that has to wait for the order is forgotten"},
    plant{"adopt_foreign", "an order of somebody else is taken for ours"},
    plant{"reuse_id", "two orders share a client order id"},
    plant{"other_quantity", "another quantity is sent than was stored"},
    plant{"lose_time_in_force", "the time in force is not sent"},
    plant{"ignore_release", "a bot that was switched off goes on"},
    plant{"another_ones_key", "a bot signs with the key of another account"},
    plant{"ignore_ban", "requests go on while the venue bans us"},
};

std::string_view chosen;

}  // namespace

std::span<const plant> plants() {
  return all;
}

bool choose_plant(std::string_view name) {
  const auto at = std::ranges::find(all, name, &plant::name);
  chosen = at == all.end() ? std::string_view() : at->name;
  return name.empty() || at != all.end();
}

}  // namespace simulation

bool planted(std::string_view name) {
  return name == simulation::chosen;
}

}  // namespace drover

#else

namespace drover::simulation {

std::span<const plant> plants() {
  return {};
}
bool choose_plant(std::string_view name) {
  return name.empty();
}

}  // namespace drover::simulation

#endif
