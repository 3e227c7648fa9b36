#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace drover::test {

/// What was answered, as far as the contract speaks of it.
struct told_answer {
  int status = 0;
  std::string_view content_type, body;
};

/// Nothing, or what the OpenAPI document `contract` (JSON) does not tell of this answer: a status, a content type, a member's form.
/// A path or method that it does not name must be refused as its `Problem` says.
std::optional<std::string> find_breach(const std::string& contract, std::string method, std::string_view path, const told_answer&);

}  // namespace drover::test
