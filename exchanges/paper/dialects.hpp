#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "exchanges/paper/dialect.hpp"

namespace drover::exchanges::paper {

/// The names of all dialects, the usual default first.
std::vector<std::string_view> dialect_names();
/// nullptr when there is none of that name.
std::unique_ptr<dialect> make_dialect(std::string_view name, simulated_venue&);

}  // namespace drover::exchanges::paper
