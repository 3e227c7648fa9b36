#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/random.hpp"
#include "crypto/keyring.hpp"
#include "crypto/sealed_stream.hpp"

namespace drover::tenants {

/// Takes bytes as they come; errc::io when they cannot be kept.
using byte_sink = std::function<result<void>(std::string_view)>;

/// Lines of text to a sealed file, under a key of its own that `keys` wrap (docs/KEYS.md has the format). Holds one
/// chunk. Blocking as its sink is; one thread.
class backup_writer {
public:
  backup_writer(const crypto::keyring& keys, random_source&, std::string created_at, byte_sink);
  ~backup_writer();
  /// `line`: without a line end.
  result<void> add(std::string_view line);
  /// Without it the file is not whole.
  result<void> finish();
  std::uint64_t size_bytes() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

/// The lines of such a file, each as soon as its chunk has proved genuine. Blocking; one thread.
class backup_reader {
public:
  /// crypto_errc::key_wrong when other keys wrapped it; errc::malformed when it is no backup, or damaged.
  static result<backup_reader> open(std::istream&, const crypto::keyring&);
  backup_reader(backup_reader&&) noexcept;
  ~backup_reader();
  /// Nothing after the last one. errc::malformed when the file was changed or cut.
  result<std::optional<std::string>> next();
  const std::string& created_at() const;

private:
  struct state;
  explicit backup_reader(std::unique_ptr<state>);
  std::unique_ptr<state> state_;
};

}  // namespace drover::tenants
