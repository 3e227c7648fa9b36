#pragma once

#include <boost/container/flat_map.hpp>
#include <string>
#include <vector>

#include "base/decimal.hpp"
#include "exchanges/types.hpp"

namespace drover::engine {

/// What an account's balances should be: as they were first seen, moved by our own trades. What differs for longer than a trade
/// takes to be booked was not done by the engine: a deposit, a withdrawal, a trade by hand, or a fault (REL-08). No I/O.
class balance_watch {
 public:
  struct drift {
    std::string asset;
    /// What the exchange has more (less) than expected.
    decimal amount;
    friend bool operator==(const drift&, const drift&) = default;
  };

  /// False until the first compare().
  bool begun() const { return begun_; }
  /// A trade of ours was booked.
  void book(const exchanges::fill&, const exchanges::instrument&);
  /// All balances of the account as of now; what moved without us. A trade may not be booked yet: believe what stays.
  std::vector<drift> compare(const std::vector<exchanges::balance>&);
  /// The drift was told: what is there now is right.
  void accept(const std::vector<drift>&);

 private:
  using amounts = boost::container::flat_map<std::string, decimal>;
  /// By asset.
  amounts expected_;
  bool begun_ = false;
};

}  // namespace drover::engine
