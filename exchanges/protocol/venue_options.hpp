#pragma once

#include <functional>
#include <map>
#include <string>

namespace drover::exchanges {

/// `options:` of a configured exchange: what only one venue understands ("key_version" of KuCoin). A venue refuses names that
/// it does not know.
using venue_options = std::map<std::string, std::string, std::less<>>;

}  // namespace drover::exchanges
