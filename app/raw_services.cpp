#include "app/raw_services.hpp"

#include "exchanges/registry.hpp"

namespace drover::app {
namespace {

constexpr std::size_t connections = 2;

class venue_backfill final : public exchanges::backfill_source {
 public:
  explicit venue_backfill(raw_services::exchange_finder find) : find_(std::move(find)) {}
  task<result<exchanges::venue_answer>> fetch(std::string name, exchanges::venue_call call) override {
    auto* venue = find_(name);
    if (!venue) co_return fail(errc::not_found, "no exchange '" + name + "' is configured");
    auto answer = co_await venue->ask_public(std::move(call), exchanges::lane::read);
    co_return answer;
  }

 private:
  raw_services::exchange_finder find_;
};

}  // namespace

raw_services::raw_services(const settings& s, timer_queue& timers, exchange_finder find) {
  for (const auto& e : s.exchanges)
    if (auto made = exchanges::make_protocol(e.dialect, e.options)) protocols_[e.name] = std::move(*made);
  auto config = s.database;
  config.connections = connections;
  db_ = make_database(config, timers.get_clock());
  const auto find_protocol = [this](std::string_view name) -> const exchanges::venue_protocol* {
    const auto found = protocols_.find(name);
    return found == protocols_.end() ? nullptr : found->second.get();
  };
  tables_ = engine::make_postgres_formatted_store(*db_, find_protocol);
  compiler_ = std::make_unique<engine::formatted_compiler>(timers, *tables_, engine::compiler_config{});
  gaps_ = exchanges::make_postgres_gap_store(*db_);
  source_ = std::make_unique<venue_backfill>(std::move(find));
  backfiller_ = std::make_unique<exchanges::backfiller>(timers, *gaps_, *source_, exchanges::backfill_config{});
}

raw_services::~raw_services() = default;

}  // namespace drover::app
