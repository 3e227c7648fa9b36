#include "simulation/plants.hpp"

#include <algorithm>
#include <array>
#include <ranges>

#include "base/planted.hpp"

#ifdef DROVER_PLANTED_BUGS

namespace drover {
namespace simulation {
namespace {

constexpr std::array all{
    plant{"send_before_commit", "the request leaves before its intent is stored", "sent before its intent was stored"},
    plant{"send_unstored", "an intent that could not be stored is sent all the same",
          "sent before its intent was stored", "desks +commit_in_doubt +statement_failed"},
    plant{"send_fenced", "the account was lost, the order is sent all the same", "sent before its intent was stored",
          "desks +engine_twice"},
    plant{"take_next_epoch", "an engine that was fenced goes on under the next epoch",
          "of engine|was stored under epoch|belongs to engine", "desks +engine_twice"},
    plant{"skip_fence", "the journal takes writes of any epoch", "was stored under epoch|belongs to engine",
          "desks +engine_twice"},
    plant{"send_late", "no limit on how long an order may wait before it leaves",
          "sent too late|after the time from which absence counts", "desks scarce"},
    plant{"resend_unknown", "a request without an answer is sent again", "sent twice|exists twice",
          "desks +answer_lost"},
    plant{"resend_limited", "a request that was refused for its rate is sent again", "sent twice",
          "desks +rate_limited"},
    plant{"unknown_is_refused", "an outcome that is not known counts as a refusal", "written off",
          "desks +answer_lost"},
    plant{"never_resolve", "nobody asks what became of an unknown order", "no rest", "desks +answer_lost"},
    plant{"trust_first_not_found", "the first 'not found' is believed", "written off",
          "desks +answer_lost +execution_delayed"},
    plant{"ignore_dead_after", "absence counts before the request's validity has passed", "written off",
          "desks +answer_lost +request_slow"},
    plant{"one_endpoint", "absence at one endpoint is proof", "written off", "desks +answer_lost +query_lags"},
    plant{"forget_processing_bound", "a venue's own delay is left out of the validity",
          "written off|after the time from which absence counts", "desks +answer_lost +execution_delayed"},
    plant{"skip_recovery", "an account trades before its earlier orders are resolved",
          "before|not open at the venue|in the journal", "desks +engine_crash +answer_lost"},
    plant{"place_while_unknown", "new orders although the outcome of one is unknown", "was made while",
          "desks +answer_lost"},
    plant{"ignore_lock", "the trading lock is not looked at", "after the account had been stopped", "desks +people"},
    plant{"ignore_late_lock", "an order that waits for the rate budget leaves although trading was locked meanwhile",
          "after the account had been stopped", "desks scarce +people"},
    plant{"settle_at_once", "a stop is answered while orders are on their way",
          "on its way when the stop was answered|after the account had been stopped", "desks +people"},
    plant{"missing_is_cancelled", "an order that is not in the list of open ones counts as cancelled",
          "at the venue|in the journal|the journal says", "desks +list_omits"},
    plant{"vanished_at_once", "an order that is not found once counts as ended, whatever its trades say",
          "at the venue|in the journal|the journal says", "desks +query_lags +event_lost"},
    plant{"never_read_fills", "fills that the stream lost are never read", "no rest", "desks +event_lost"},
    plant{"complete_too_early", "the newest fill of a list moves the mark although older ones may follow", "no rest",
          "desks +event_lost"},
    plant{"ignore_late_fill", "fills of closed orders are dropped", "no rest", "desks +fill_after_end +event_lost"},
    plant{"tell_fill_twice", "a repeated fill is told to the strategy again", "twice", "desks +event_twice"},
    plant{"forget_dedupe", "a repeated fill is booked again", "filled beyond|holds|in the journal",
          "desks +event_twice"},
    plant{"lose_fee", "fees do not reach the books", "holds"},
    plant{"close_with_fills_missing", "an order is closed before its fills are booked",
          "closed with fills missing|holds|in the journal", "desks +event_lost"},
    plant{"forget_cancel", "a cancel that has to wait for the order is forgotten", "open although it was cancelled",
          "desks -engine_crash -engine_twice"},
    plant{"adopt_foreign", "an order of somebody else is taken for ours",
          "counts as existing|filled|at the venue|in the journal", "desks +people"},
    plant{"reuse_id", "two orders share a client order id", "twice|before its intent"},
    plant{"other_quantity", "another quantity is sent than was stored", "not what its intent says"},
    plant{"lose_time_in_force", "the time in force is not sent", "not what its intent says"},
    plant{"ignore_release", "a bot that was switched off goes on", "after the account had been stopped",
          "bots +accounts_change"},
    plant{"another_ones_key", "a bot signs with the key of another account", "with the key of account", "bots"},
    plant{"ignore_ban", "requests go on while the venue bans us", "during a ban", "desks +banned"},
    plant{"overdraw", "the limits of the venue are not kept", "than its limits allow", "desks scarce"},
    plant{"ignore_pause", "a paused bot goes on placing orders", "after the account had been stopped",
          "bots +bots_change -accounts_change -engine_crash"},
    plant{"ignore_stop", "a bot that its owner stopped goes on", "after the account had been stopped",
          "bots +bots_change"},
    plant{"keep_old_key", "a bot goes on with a key that was replaced", "had been replaced|no rest",
          "bots +keys_replaced"},
    plant{"old_price", "a bot decides on the first price that it heard", "s old", "bots"},
    plant{"log_secret", "an API secret is in the log", "a secret is in the log", "desks loud"},
    plant{"trust_wall_clock", "times of orders come from our own clock, which may be wrong",
          "after the time from which absence counts|written off|no rest", "bots +clock_wrong +answer_lost"},
    plant{"raw_remove_unstored", "a segment goes although the database did not take it", "is missing and no gap",
          "recording +statement_failed"},
    plant{"raw_forget_drop", "what was dropped leaves no gap", "is missing and no gap", "recording +disk_full"},
    plant{"raw_no_start_gap", "what happened while no engine ran leaves no gap", "is missing and no gap",
          "recording +power_loss"},
    plant{"raw_count_anew", "numbers of an earlier process are given again", "is missing and no gap|was stored behind",
          "recording +engine_crash"},
    plant{"raw_gap_of_one",
          "the gap of a restart names the first account that is heard, the others' answers are missing too",
          "is missing and no gap", "recording +power_loss"},
    plant{"raw_write_on", "an engine writes on in the file that it hands to the database",
          "is missing and no gap|was stored behind|spool", "recording +engine_crash"},
    plant{"raw_early_state", "what may still be lost counts as stored", "is missing and no gap",
          "recording +power_loss"},
    plant{"offer_without_looking", "a signal is offered again although the journal has the order that follows it",
          "a second time|it was seen before", "copy +engine_crash +database_slow"},
    plant{"receipt_before_order", "a receipt is written before its order is in the journal", "which is not in the journal",
          "copy +statement_failed"},
    plant{"never_sweep", "signals that were lost on the way are never taken up again", "has no receipt of account",
          "copy +engine_crash"},
    plant{"ignore_staleness", "the staleness guard is not looked at", "s old, the staleness guard is",
          "copy -clock_wrong -clock_jumps"},
    plant{"ignore_slippage", "orders go farther than the slippage guard", "the slippage guard ends at", "copy"},
    plant{"raw_silent_quarantine", "a refused record leaves no gap", "is missing and no gap",
          "recording +record_refused"},
};

std::string_view chosen;

}  // namespace

std::span<const plant> plants() {
  return all;
}

bool shows(std::string_view name, std::string_view failure) {
  const auto at = std::ranges::find(all, name, &plant::name);
  if (at == all.end()) return false;
  for (const auto& part : std::views::split(at->shown_by, '|'))
    if (failure.contains(std::string_view(part))) return true;
  return false;
}

std::string_view bias_of(std::string_view name) {
  const auto at = std::ranges::find(all, name, &plant::name);
  return at == all.end() ? std::string_view() : at->bias;
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
std::string_view bias_of(std::string_view) {
  return {};
}
bool shows(std::string_view, std::string_view) {
  return false;
}

}  // namespace drover::simulation

#endif
