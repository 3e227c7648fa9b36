#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/postgres.hpp"
#include "exchanges/raw/raw_interpreter.hpp"

namespace drover::engine {

struct compile_limits {
  /// Raw rows and bytes of their bodies that one transaction reads; the first row always counts as within.
  std::size_t rows = 500;
  std::size_t bytes = 4u << 20;
};

struct compile_step {
  std::size_t rows_read = 0, rejected = 0;
  /// The batch was full: there may be more.
  bool more = false;
  /// A rebuild is under way: nothing was done.
  bool paused = false;
};

/// Where raw records become tables. Each step reads, interprets and writes a batch of one stream and its position in one
/// transaction, on the database's thread.
class formatted_store {
 public:
  virtual ~formatted_store() = default;
  virtual task<result<std::vector<std::string>>> list_streams() = 0;
  virtual task<result<compile_step>> compile_next(std::string stream, compile_limits) = 0;

  struct progress {
    std::string stream;
    std::uint64_t compiled_to = 0, rows_read = 0, rejected = 0;
  };
  virtual task<result<std::vector<progress>>> list_progress() = 0;
};

/// `db` should have connections of its own, so that nobody waits behind a batch. Both references outlive the store.
std::unique_ptr<formatted_store> make_postgres_formatted_store(database& db, exchanges::protocol_source);

}  // namespace drover::engine
