#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "web/request.hpp"

namespace drover::web {

/// Reads query parameters and collects what is wrong: bad values, parameters given twice, names that nobody asked for.
class query_reader {
public:
  explicit query_reader(const request&);

  std::optional<std::string> text(std::string_view name, std::size_t limit);
  std::string required_text(std::string_view name, std::size_t limit);
  std::int64_t integer(std::string_view name, std::int64_t otherwise, std::int64_t least, std::int64_t most);
  std::optional<std::int64_t> optional_integer(std::string_view name, std::int64_t least, std::int64_t most);
  /// RFC 3339.
  std::optional<wall_time> time(std::string_view name);
  void complain(std::string_view name, std::string detail);

  /// Nothing when all is well, else 400 (not decodable) or 422.
  std::optional<problem> finish();

private:
  std::vector<std::pair<std::string, std::string>> values_;
  std::vector<std::string> known_;
  std::vector<field_error> errors_;
  bool malformed_ = false;
};

}  // namespace drover::web
