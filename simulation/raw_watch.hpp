#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "exchanges/raw/raw_store.hpp"
#include "simulation/model_database.hpp"

namespace drover::simulation {

/// Knows everything that any engine was told by a venue and compares it with what reached the database: each record
/// once, in its order, or a gap row that says when it was lost (REL-40 to REL-43).
class raw_watch {
public:
  raw_watch(world& w, const fault_plan& faults) : world_(w), faults_(faults) {}

  /// Makes the bytes of the next thing that a venue says; whoever gets them hands them to its recorder at once.
  std::string next_body(const std::string& stream, const std::string& account);

  /// From the database, at the commit.
  exchanges::raw_store::outcome commit(const std::vector<exchanges::spool_record>&);
  /// Some rows the database refuses for ever (REL-43).
  static bool is_poison(std::string_view body);

  /// Empty when all is there or accounted for; call when nothing is on its way any more.
  std::string check() const;
  std::uint64_t heard() const { return last_; }
  std::uint64_t stored() const { return stored_; }

private:
  struct truth {
    std::uint64_t number = 0;
    std::string account;
    wall_time at;
  };
  struct stream_facts {
    std::vector<truth> heard;
    std::map<std::uint64_t, exchanges::spool_record> rows;
  };
  static std::string check_stream(const std::string& name, const stream_facts&);

  world& world_;
  const fault_plan& faults_;
  std::uint64_t last_ = 0, stored_ = 0;
  std::map<std::string, stream_facts> streams_;
};

/// raw_store over the model database, with its faults.
std::unique_ptr<exchanges::raw_store> make_model_raw_store(raw_watch&, model_database&,
                                                           std::shared_ptr<const life_line>);

}  // namespace drover::simulation
