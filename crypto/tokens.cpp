#include "crypto/tokens.hpp"

#include <array>
#include <charconv>
#include <mutex>
#include <stdexcept>

#include "base/encoding.hpp"
#include "crypto/binding.hpp"
#include "crypto/mac.hpp"

namespace drover::crypto {
namespace {

constexpr std::string_view purpose = "drover-token-v1";
constexpr std::size_t key_bytes_least = 32;
constexpr std::size_t key_id_limit = 32;
constexpr std::size_t session_id_characters = 16;
constexpr std::size_t mac_characters = 43;
/// Two numbers, a key id, a session id and a signature are well below.
constexpr std::size_t token_limit_characters = 256;
/// How far the clock may have been set back since a token was made.
constexpr seconds future_limit{300};

std::unexpected<error> invalid() {
  return fail(token_errc::invalid);
}

bool is_lower_hex(std::string_view text) {
  for (char c : text)
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  return true;
}

bool is_key_id(std::string_view text) {
  if (text.empty() || text.size() > key_id_limit) return false;
  for (char c : text) {
    bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
    if (!plain) return false;
  }
  return true;
}

/// Positive decimal number in its one canonical form.
std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t value = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size() || value <= 0 || text.front() == '0') return std::nullopt;
  return value;
}

/// Cuts off what is before `mark`.
std::optional<std::string_view> take_until(std::string_view& rest, char mark) {
  auto at = rest.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  auto part = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  return part;
}

struct token_parts {
  std::int64_t user = 0, timestamp = 0;
  std::string_view key_id, session_id, mac;
};

/// `plain` is what the base64url wraps.
std::optional<token_parts> split(std::string_view plain) {
  auto user = take_until(plain, ':');
  auto timestamp = take_until(plain, ':');
  auto key_id = take_until(plain, '.');
  auto session_id = take_until(plain, '.');
  if (!user || !timestamp || !key_id || !session_id) return std::nullopt;
  auto user_number = parse_number(*user);
  auto timestamp_number = parse_number(*timestamp);
  if (!user_number || !timestamp_number || !is_key_id(*key_id)) return std::nullopt;
  if (session_id->size() != session_id_characters || !is_lower_hex(*session_id)) return std::nullopt;
  if (plain.size() != mac_characters) return std::nullopt;
  return token_parts{*user_number, *timestamp_number, *key_id, *session_id, plain};
}

std::string unwrap(std::string_view token) {
  if (token.empty() || token.size() > token_limit_characters) return {};
  return from_base64url(token).value_or(std::string());
}

token_claims to_claims(const token_parts& parts) {
  return {.user = user_id(parts.user),
          .issued_at = wall_time{seconds(parts.timestamp)},
          .key_id = std::string(parts.key_id),
          .session_id = std::string(parts.session_id)};
}

/// Timestamps beyond this overflow nanoseconds.
constexpr std::int64_t timestamp_limit = std::chrono::duration_cast<seconds>(nanoseconds::max()).count() / 2;

}  // namespace

struct token_signer::state {
  /// The keyed context is several times faster than a one-shot HMAC; the lock is hardly ever contended.
  struct signing_key {
    explicit signing_key(std::string_view key) : context(key) {}
    std::mutex mutex;
    hmac_context context;
  };

  std::map<std::string, signing_key, std::less<>> keys;
  std::string active;
  seconds life;

  std::optional<std::string> sign(std::string_view key_id, std::string_view session_id, std::int64_t user,
                                  std::int64_t timestamp, std::int64_t epoch) {
    auto key = keys.find(key_id);
    if (key == keys.end()) return std::nullopt;
    binding signed_fields;
    signed_fields.add(purpose).add(user).add(timestamp).add(key_id).add(session_id).add(epoch);
    std::lock_guard lock(key->second.mutex);
    return to_base64url(key->second.context.sign(signed_fields.bytes()));
  }
};

token_signer::token_signer(std::map<std::string, secret> keys, std::string active, seconds life)
    : state_(std::make_unique<state>()) {
  for (const auto& [id, key] : keys) {
    if (!is_key_id(id)) throw std::invalid_argument("a token key id has 1 to 32 letters, digits, _ or -");
    if (key.size() < key_bytes_least) throw std::invalid_argument("token key " + id + " has fewer than 32 bytes");
    state_->keys.try_emplace(id, key.reveal());
  }
  if (!state_->keys.contains(active)) throw std::invalid_argument("the active token key is not among the keys");
  state_->active = std::move(active);
  state_->life = life;
}

token_signer::~token_signer() = default;

seconds token_signer::life() const {
  return state_->life;
}

std::string token_signer::make_token(user_id user, std::int64_t epoch, std::string_view session_id,
                                     wall_time now) const {
  if (session_id.size() != session_id_characters || !is_lower_hex(session_id))
    throw std::logic_error("a session id has 16 lower-case hex digits");
  auto timestamp = std::chrono::duration_cast<seconds>(now.since_epoch).count();
  auto mac = state_->sign(state_->active, session_id, user.value, timestamp, epoch).value();
  return to_base64url(std::to_string(user.value) + ":" + std::to_string(timestamp) + ":" + state_->active + "." +
                      std::string(session_id) + "." + mac);
}

result<token_claims> token_signer::parse(std::string_view token) const {
  auto plain = unwrap(token);
  auto parts = split(plain);
  if (!parts || parts->timestamp > timestamp_limit) return invalid();
  return to_claims(*parts);
}

result<token_claims> token_signer::verify(std::string_view token, std::int64_t epoch, wall_time now) const {
  auto plain = unwrap(token);
  auto parts = split(plain);
  if (!parts || parts->timestamp > timestamp_limit) return invalid();
  auto mac = state_->sign(parts->key_id, parts->session_id, parts->user, parts->timestamp, epoch);
  if (!mac || !constant_time_equal(*mac, parts->mac)) return invalid();
  auto claims = to_claims(*parts);
  if (claims.issued_at > now + future_limit) return invalid();
  if (now >= claims.issued_at + state_->life) return fail(token_errc::expired);
  return claims;
}

}  // namespace drover::crypto
