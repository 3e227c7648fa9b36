#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace drover::engine {

/// The lines of one file, plain or gzip (told by its first bytes). The file is held as it is on disk, never the whole
/// text.
class line_reader {
public:
  static constexpr std::size_t file_limit_bytes = 1024 * 1024 * 1024;
  static constexpr std::size_t line_limit_bytes = 16 * 1024 * 1024;

  static result<std::unique_ptr<line_reader>> open(const std::filesystem::path&);
  ~line_reader();
  /// Without its line end; valid until the next call. Nothing at the end.
  result<std::optional<std::string_view>> next();
  /// "data.csv line 3"
  std::string place() const;

private:
  line_reader();
  result<bool> read_more();

  struct stream;
  std::unique_ptr<stream> stream_;
  std::string name_, text_;
  std::size_t begin_ = 0, number_ = 0;
  bool ended_ = false;
};

}  // namespace drover::engine
