#pragma once

#include <string_view>

namespace drover::crypto {

/// One of the passwords that are tried first. `password` in lower case.
bool is_common_password(std::string_view password);

}  // namespace drover::crypto
