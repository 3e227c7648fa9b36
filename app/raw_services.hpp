#pragma once

#include <map>
#include <memory>
#include <string>

#include "app/settings.hpp"
#include "base/postgres.hpp"
#include "base/timer.hpp"
#include "engine/formatted/formatted_compiler.hpp"
#include "exchanges/raw/backfill.hpp"

namespace drover::app {

/// What is done with raw records once they are stored: tables are compiled from them, gaps are filled. Has two connections of its
/// own, so that nobody else waits behind a batch. Trading thread; the work itself is on the connections' threads.
class raw_services {
 public:
  /// Null when no exchange of that name runs.
  using exchange_finder = std::function<exchanges::exchange*(const std::string&)>;
  raw_services(const settings&, timer_queue&, exchange_finder);
  ~raw_services();

  /// Until cancelled.
  task<void> run_compiler() { return compiler_->run(); }
  task<void> run_backfiller() { return backfiller_->run(); }

 private:
  std::map<std::string, std::unique_ptr<exchanges::venue_protocol>, std::less<>> protocols_;
  std::unique_ptr<database> db_;
  std::unique_ptr<engine::formatted_store> tables_;
  std::unique_ptr<engine::formatted_compiler> compiler_;
  std::unique_ptr<exchanges::gap_store> gaps_;
  std::unique_ptr<exchanges::backfill_source> source_;
  std::unique_ptr<exchanges::backfiller> backfiller_;
};

}  // namespace drover::app
