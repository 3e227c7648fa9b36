#include "engine/bots/turn_mark.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <new>

namespace drover::engine {
namespace {

constexpr std::uint64_t format = 0x31'4e'52'55'54'52'56'44;  // "DVRTURN1"
constexpr std::size_t record_limit = 128;
constexpr std::array<std::string_view, 10> call_names{"no turn",   "constructor", "on_start", "wants_tick",
                                                      "on_tick",   "on_order",    "on_fill",  "on_timer",
                                                      "on_signal", "save_state"};

strategy_call to_call(std::uint64_t value) {
  return value < call_names.size() ? static_cast<strategy_call>(value) : strategy_call::none;
}

}  // namespace

std::string_view to_string(strategy_call c) {
  return call_names.at(static_cast<std::size_t>(c));
}

/// A bot that is blamed or suspected; free when `bot` is 0.
struct turn_mark::record {
  std::int64_t bot;
  std::uint32_t call, signal, deaths, blamed;
};

struct turn_mark::page {
  std::uint64_t format;
  /// Bot and call of the running turn; 0 between turns.
  std::atomic<std::uint64_t> mark;
  std::atomic<std::uint32_t> signal, stalled_ms;
  /// Where the next record goes when all are taken.
  std::uint64_t next;
  std::array<record, record_limit> records;
};

std::string poisoned_bot::reason() const {
  const auto how =
      signal != 0 ? "was ended by signal " + std::to_string(signal) : std::string("was ended from outside");
  const auto times = deaths > 1 ? ", for the " + std::to_string(deaths) + ". time" : std::string();
  return "The process died inside this bot's " + std::string(to_string(call)) + " (it " + how + times +
         "). It does not start by itself any more: change its parameters, or press start to try it again";
}

turn_mark::turn_mark(std::span<std::byte> memory) {
  static_assert(sizeof(page) <= size_bytes && std::atomic<std::uint64_t>::is_always_lock_free);
  assert(memory.size() >= size_bytes && reinterpret_cast<std::uintptr_t>(memory.data()) % alignof(page) == 0);
  page_ = std::launder(reinterpret_cast<page*>(memory.data()));
  if (page_->format != format) {
    std::memset(memory.data(), 0, size_bytes);
    page_ = new (memory.data()) page{};
    page_->format = format;
  }
  mark_ = &page_->mark;
  judge_last_turn();
  page_->mark = 0;
  page_->signal = page_->stalled_ms = 0;
}

void turn_mark::judge_last_turn() {
  const auto left = running();
  if (!left) return;
  auto& r = make_record(bot_id(left->bot));
  r.call = static_cast<std::uint32_t>(left->call);
  r.signal = page_->signal;
  ++r.deaths;
  const bool hung = page_->stalled_ms >= hang_limit.count();
  if (r.signal != 0 || hung || r.deaths > 1) r.blamed = 1;
  culprit_ = find(bot_id(left->bot));
}

std::optional<turn_mark::running_turn> turn_mark::running() const {
  const auto mark = mark_->load(std::memory_order_relaxed);
  if (mark == 0) return std::nullopt;
  return running_turn{static_cast<std::int64_t>(mark >> call_bits), to_call(mark & ((1u << call_bits) - 1))};
}

turn_mark::record* turn_mark::find_record(bot_id id) const {
  const auto at = std::ranges::find(page_->records, id.value, &record::bot);
  return at == page_->records.end() ? nullptr : &*at;
}

turn_mark::record& turn_mark::make_record(bot_id id) {
  if (auto* known = find_record(id)) return *known;
  auto* free = find_record(bot_id(0));
  record& r = free != nullptr ? *free : page_->records[page_->next++ % record_limit];
  r = {.bot = id.value, .call = 0, .signal = 0, .deaths = 0, .blamed = 0};
  return r;
}

std::optional<poisoned_bot> turn_mark::find(bot_id id) const {
  const auto* r = find_record(id);
  if (r == nullptr || r->blamed == 0) return std::nullopt;
  return poisoned_bot{id, to_call(r->call), static_cast<int>(r->signal), static_cast<int>(r->deaths)};
}

void turn_mark::forgive(bot_id id) {
  if (auto* r = find_record(id)) *r = {};
}

void turn_mark::end_in_order() {
  for (auto& r : page_->records)
    if (r.blamed == 0) r = {};
}

void turn_mark::note_stall(milliseconds stalled) {
  const auto most = std::min<std::int64_t>(stalled.count(), UINT32_MAX);
  page_->stalled_ms.store(static_cast<std::uint32_t>(std::max<std::int64_t>(most, 0)), std::memory_order_relaxed);
}

void turn_mark::note_signal(int number) {
  page_->signal.store(static_cast<std::uint32_t>(number), std::memory_order_relaxed);
}

}  // namespace drover::engine
