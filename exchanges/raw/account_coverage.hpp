#pragma once

#include <map>
#include <string>
#include <string_view>

#include "exchanges/raw/raw_recorder.hpp"

namespace drover::exchanges {

/// Which accounts' private data a connection carries: what an account could not hear between the end of its
/// subscription and the next one becomes a gap row that names the account. Before its first subscription there is none:
/// what no engine heard, the recorder notes (raw_recorder::record). Trading thread only.
class account_coverage {
public:
  /// `stream` as in the records of its frames ("binance.user").
  account_coverage(raw_recorder&, const clock&, std::string stream);

  /// A frame of the connection arrived, whoever it concerns.
  void heard();
  /// The account's subscription is gone, or is refused; whatever came after the last frame may be lost. Told again:
  /// changes nothing.
  void lost(std::string_view account, std::string_view reason);
  /// The account's subscription is confirmed.
  void opened(std::string_view account);
  /// Nobody wants it any more: what comes from now on is no gap.
  void forget(std::string_view account);

private:
  struct loss {
    wall_time from;
    std::string reason;
  };
  raw_recorder& recorder_;
  const clock& clock_;
  std::string stream_;
  wall_time heard_at_{};
  std::map<std::string, loss, std::less<>> lost_;
};

}  // namespace drover::exchanges
