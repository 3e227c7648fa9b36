#include "crypto/key_file.hpp"

#include <argon2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/encoding.hpp"
#include "crypto/aead.hpp"
#include "crypto/passwords.hpp"

namespace drover::crypto {
namespace {

constexpr std::string_view locked_version = "p1";
constexpr std::size_t line_limit = 16;
constexpr std::size_t salt_bytes = 16;
constexpr std::size_t id_characters = 16;
constexpr std::size_t characters_least = 12;
/// A file asks for no more than a machine may have, and for no less than guards anything.
constexpr std::uint32_t memory_least_kib = 8 * 1024, memory_most_kib = 4 * 1024 * 1024;
constexpr std::uint32_t passes_most = 64;

struct locked_parts {
  std::string_view id, bound;
  passphrase_cost cost;
  std::string salt, nonce, body;
};

std::optional<std::uint32_t> number_of(std::string_view text, std::uint32_t least, std::uint32_t most) {
  std::uint32_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size() || value < least || value > most) return std::nullopt;
  return value;
}

std::optional<locked_parts> split(std::string_view line) {
  constexpr std::size_t part_count = 7;
  std::array<std::string_view, part_count> parts;
  std::size_t nonce_at = 0;
  for (std::size_t i = 0, at = 0; i < part_count; ++i) {
    const auto end = i + 1 == part_count ? line.size() : line.find('.', at);
    if (end == line.npos || at > line.size()) return std::nullopt;
    parts[i] = line.substr(at, end - at);
    if (i == 5) nonce_at = at;
    at = end + 1;
  }
  const auto memory = number_of(parts[2], memory_least_kib, memory_most_kib);
  const auto passes = number_of(parts[3], 1, passes_most);
  auto salt = from_base64url(parts[4]), nonce = from_base64url(parts[5]), body = from_base64url(parts[6]);
  if (parts[0] != locked_version || parts[1].size() != id_characters || !from_hex(parts[1]) || !memory || !passes)
    return std::nullopt;
  if (!salt || salt->size() != salt_bytes || !nonce || nonce->size() != gcm_nonce_bytes || !body ||
      body->size() != aes_key_bytes + gcm_tag_bytes)
    return std::nullopt;
  return locked_parts{parts[1],         line.substr(0, nonce_at), {*memory, *passes},
                      std::move(*salt), std::move(*nonce),        std::move(*body)};
}

result<secret> stretch(const secret& passphrase, std::string_view salt, passphrase_cost cost) {
  auto key = secret::of_size(aes_key_bytes);
  constexpr std::uint32_t lanes = 1;
  const int code = argon2id_hash_raw(cost.passes, cost.memory_kib, lanes, passphrase.reveal().data(), passphrase.size(),
                                     salt.data(), salt.size(), key.mutable_bytes().data(), key.size());
  if (code != ARGON2_OK) return fail(crypto_errc::broken, argon2_error_message(code));
  return key;
}

result<master_key> from_bytes(const secret& bytes) {
  auto hex = to_hex(bytes.reveal());
  auto key = master_key::parse(secret(hex));
  wipe_memory(hex.data(), hex.size());
  return key;
}

result<master_key> unlock_line(std::string_view line, const secret& passphrase) {
  const auto parts = split(line);
  if (!parts) return fail(crypto_errc::key_malformed);
  const auto guard = stretch(passphrase, parts->salt, parts->cost);
  if (!guard) return std::unexpected(guard.error());
  aes_gcm cipher(guard->reveal());
  const auto bytes = cipher.decrypt(parts->nonce, parts->bound, parts->body);
  if (!bytes) return fail(crypto_errc::passphrase_wrong);
  auto key = from_bytes(*bytes);
  if (!key || key->id() != parts->id) return fail(crypto_errc::passphrase_wrong);
  return key;
}

secret join(const std::vector<std::string_view>& lines) {
  std::size_t size = 0;
  for (const auto line : lines) size += line.size() + 1;
  auto text = secret::of_size(size);
  auto* at = text.mutable_bytes().data();
  for (const auto line : lines) {
    at = std::ranges::copy(line, at).out;
    *at++ = '\n';
  }
  return text;
}

}  // namespace

result<key_file> key_file::parse(const secret& text) {
  key_file file;
  auto rest = text.reveal();
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const auto end = std::min(rest.find('\n'), rest.size());
    auto content = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (content.ends_with('\r')) content.remove_suffix(1);
    if (content.empty()) continue;
    const auto where = number == 1 && rest.empty() ? std::string() : "line " + std::to_string(number) + ": ";
    if (file.lines_.size() == line_limit)
      return fail(crypto_errc::key_malformed, "holds more than 16 keys; drop retired ones");
    line read{.text = secret(content), .id = {}, .locked = content.starts_with(std::string(locked_version) + ".")};
    if (read.locked) {
      const auto parts = split(content);
      if (!parts) return fail(crypto_errc::key_malformed, where + "a key under a passphrase is damaged");
      read.id = parts->id;
    } else {
      const auto key = master_key::parse(read.text);
      if (!key) return fail(crypto_errc::key_malformed, where + key.error().detail);
      read.id = key->id();
    }
    file.lines_.push_back(std::move(read));
  }
  if (file.lines_.empty())
    return fail(crypto_errc::key_malformed, "must be 64 hex digits or 44 base64 characters (32 random bytes)");
  return file;
}

bool key_file::is_locked() const {
  return std::ranges::any_of(lines_, &line::locked);
}

std::vector<std::string> key_file::ids() const {
  std::vector<std::string> out;
  for (const auto& one : lines_) out.push_back(one.id);
  return out;
}

std::vector<master_key> key_file::keys() const {
  std::vector<master_key> out;
  for (const auto& one : lines_)
    if (!one.locked) out.push_back(master_key::parse(one.text).value());
  return out;
}

result<std::vector<master_key>> key_file::unlock(const secret& passphrase) const {
  std::vector<master_key> out;
  for (const auto& one : lines_) {
    auto key = one.locked ? unlock_line(one.text.reveal(), passphrase) : master_key::parse(one.text);
    if (!key) return std::unexpected(key.error());
    out.push_back(std::move(*key));
  }
  return out;
}

secret key_file::with_first(const secret& line) const {
  std::vector<std::string_view> texts{line.reveal()};
  for (const auto& one : lines_) texts.push_back(one.text.reveal());
  return join(texts);
}

secret key_file::without(const std::vector<std::string>& ids) const {
  std::vector<std::string_view> texts;
  for (const auto& one : lines_)
    if (std::ranges::find(ids, one.id) == ids.end()) texts.push_back(one.text.reveal());
  return join(texts);
}

secret make_key_line(const master_key& key) {
  return key.to_hex();
}

result<secret> make_locked_key_line(const master_key& key, const secret& passphrase, random_source& random,
                                    passphrase_cost cost) {
  if (auto good = check_password_rules(passphrase); !good)
    return fail(good.error().code, "passphrase" + good.error().detail.substr(std::string_view("password").size()));
  if (passphrase.size() < characters_least)
    return fail(errc::out_of_range, "passphrase: must have at least 12 characters");
  std::array<std::uint8_t, salt_bytes> salt;
  std::array<std::uint8_t, gcm_nonce_bytes> nonce;
  random.fill(salt);
  random.fill(nonce);
  const std::string_view salt_text(reinterpret_cast<const char*>(salt.data()), salt.size());
  const std::string_view nonce_text(reinterpret_cast<const char*>(nonce.data()), nonce.size());
  const auto guard = stretch(passphrase, salt_text, cost);
  if (!guard) return std::unexpected(guard.error());
  const auto bound = std::string(locked_version) + "." + key.id() + "." + std::to_string(cost.memory_kib) + "." +
                     std::to_string(cost.passes) + "." + to_base64url(salt_text) + ".";
  aes_gcm cipher(guard->reveal());
  const auto body = cipher.encrypt(nonce_text, bound, key.bytes());
  if (!body) return fail(crypto_errc::broken);
  return secret(bound + to_base64url(nonce_text) + "." + to_base64url(*body));
}

}  // namespace drover::crypto
