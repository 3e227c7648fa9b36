#include "simulation/raw_watch.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "base/postgres_error.hpp"
#include "simulation/statement_detail.hpp"

namespace drover::simulation {
namespace {

using exchanges::spool_kind;
using exchanges::spool_record;

constexpr std::string_view poison = " poison";

std::uint64_t number_of(std::string_view body) {
  std::uint64_t number = 0;
  std::from_chars(body.data(), body.data() + body.size(), number);
  return number;
}

struct gap_facts {
  std::string account;
  exchanges::spool_gap gap;
};

class model_raw_store final : public exchanges::raw_store {
public:
  model_raw_store(raw_watch& watch, model_database& db, std::shared_ptr<const life_line> life)
      : watch_(watch), db_(db), life_(std::move(life)) {}

  task<result<outcome>> store(std::shared_ptr<const std::vector<spool_record>> batch) override {
    const error away(db_errc::unavailable, "the connection was lost"), doubtful(db_errc::in_doubt, "in doubt");
    return run_statement<outcome>(
        db_, life_, true, [&w = watch_, batch] { return commit(w, batch); }, away, doubtful);
  }
  task<result<void>> prepare_days() override { co_return result<void>(); }
  task<result<int>> drop_days_before(wall_time) override { co_return 0; }

private:
  static task<result<outcome>> commit(raw_watch& watch, std::shared_ptr<const std::vector<spool_record>> batch) {
    co_return watch.commit(*batch);
  }

  raw_watch& watch_;
  model_database& db_;
  std::shared_ptr<const life_line> life_;
};

}  // namespace

std::string raw_watch::next_body(const std::string& stream, const std::string& account) {
  auto body = std::to_string(++last_);
  streams_[stream].heard.push_back({last_, account, world_.wall_now()});
  if (faults_.strikes(fault::record_refused, world_.random())) body += poison;
  return body;
}

bool raw_watch::is_poison(std::string_view body) {
  return body.ends_with(poison);
}

exchanges::raw_store::outcome raw_watch::commit(const std::vector<spool_record>& batch) {
  exchanges::raw_store::outcome out;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (batch[i].kind != spool_kind::gap && is_poison(batch[i].body)) {
      out.refused.push_back(i);
      continue;
    }
    ++out.stored;
    if (streams_[batch[i].stream].rows.try_emplace(batch[i].sequence, batch[i]).second) ++stored_;
  }
  return out;
}

std::string raw_watch::check_stream(const std::string& name, const stream_facts& facts) {
  std::set<std::uint64_t> stored;
  std::map<std::string, std::uint64_t> first;
  std::vector<gap_facts> gaps;
  std::uint64_t last = 0;
  for (const auto& [sequence, row] : facts.rows) {
    if (row.kind == spool_kind::gap) {
      if (auto gap = exchanges::decode_gap(row.body)) gaps.push_back({row.account, std::move(*gap)});
      continue;
    }
    const auto number = number_of(row.body);
    if (number <= last) return fmt::format("{}: record {} was stored behind {}", name, number, last);
    last = number;
    stored.insert(number);
    first.try_emplace(row.account, number);
  }
  for (const auto& t : facts.heard) {
    // What came before anything of the account was safe on the disk left no trace to count from.
    const auto begun = first.find(t.account);
    if (begun == first.end() || t.number < begun->second || stored.contains(t.number)) continue;
    const bool told = std::ranges::any_of(gaps, [&t](const gap_facts& g) {
      return (g.account.empty() || g.account == t.account) && g.gap.from <= t.at && t.at <= g.gap.to;
    });
    if (!told)
      return fmt::format("{}: record {} of {} is missing and no gap says so", name, t.number, to_rfc3339(t.at));
  }
  return {};
}

std::string raw_watch::check() const {
  for (const auto& [name, facts] : streams_)
    if (auto wrong = check_stream(name, facts); !wrong.empty()) return wrong;
  return {};
}

std::unique_ptr<exchanges::raw_store> make_model_raw_store(raw_watch& watch, model_database& db,
                                                           std::shared_ptr<const life_line> life) {
  return std::make_unique<model_raw_store>(watch, db, std::move(life));
}

}  // namespace drover::simulation
