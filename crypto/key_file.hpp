#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "crypto/keyring.hpp"

namespace drover::crypto {

/// Argon2id cost of a passphrase that guards a master key (SEC-07): a second or so, once per start.
struct passphrase_cost {
  std::uint32_t memory_kib = 256 * 1024;
  std::uint32_t passes = 4;
};

/// What a key file or credential holds: master keys, one on a line, the current one first. A line is the key itself (64
/// hex digits or 44 base64 characters), or the key under a passphrase: "p1.<key id>.<memory
/// KiB>.<passes>.<salt>.<nonce>.<key and tag>".
class key_file {
public:
  /// key_malformed, naming the line and never its content. At most 16 keys.
  static result<key_file> parse(const secret& text);
  /// A line needs a passphrase.
  bool is_locked() const;
  /// Of all lines, also those that are locked, the current one first.
  std::vector<std::string> ids() const;
  /// The keys of a file that is not locked.
  std::vector<master_key> keys() const;
  /// Blocking, about a second a line. passphrase_wrong.
  result<std::vector<master_key>> unlock(const secret& passphrase) const;

  /// The text to write: `line` before the others.
  secret with_first(const secret& line) const;
  /// The text to write, without the keys of these ids.
  secret without(const std::vector<std::string>& ids) const;

private:
  struct line {
    secret text;
    std::string id;
    bool locked = false;
  };
  std::vector<line> lines_;
};

/// The line of a key: itself, or under a passphrase. The latter is blocking, about a second; its passphrase must have
/// 12 characters and keep to check_password_rules() (errc::out_of_range).
secret make_key_line(const master_key&);
result<secret> make_locked_key_line(const master_key&, const secret& passphrase, random_source&, passphrase_cost = {});

}  // namespace drover::crypto
