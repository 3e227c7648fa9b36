#pragma once

#include <string>
#include <string_view>

namespace drover::exchanges {

/// `text` with every occurrence of `secret_text` replaced by "***". Nothing to replace when it is shorter than four bytes.
std::string redact(std::string_view text, std::string_view secret_text);

/// For bodies that hold a secret which is not known: every JSON string of more than 15 characters becomes "***", keys too.
/// Made for any bytes.
std::string redact_long_strings(std::string_view text);

}  // namespace drover::exchanges
