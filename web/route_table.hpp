#pragma once

#include <span>

#include "web/router.hpp"

namespace drover::web {

/// Every route of the API, in one place. A test holds it against openapi.yaml.
std::span<const route> routes();

}  // namespace drover::web
