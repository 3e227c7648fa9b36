#pragma once

#include <string>
#include <string_view>

namespace drover::web {

/// web/openapi.yaml as it was when this binary was built.
std::string_view openapi_yaml();

/// The same contract as JSON text; converted once. Throws std::runtime_error when the YAML is broken (a test sees to
/// it).
const std::string& openapi_json();

}  // namespace drover::web
