#include "crypto/tokens.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <concepts>
#include <mutex>
#include <nlohmann/json.hpp>
#include <shared_mutex>
#include <stdexcept>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "crypto/binding.hpp"
#include "crypto/mac.hpp"

namespace drover::crypto {
namespace {

constexpr std::string_view purpose = "drover-token-v1", jwt_purpose = "drover-jwt-v1";
constexpr std::size_t key_bytes_least = 32;
constexpr std::size_t key_id_limit = 32;
constexpr std::size_t session_id_characters = 16;
constexpr std::size_t mac_characters = 43;
/// Two numbers, a key id, a session id and a signature are well below.
constexpr std::size_t token_limit_characters = 256, jwt_limit_characters = 512;
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
          .expires_at = {},
          .key_id = std::string(parts.key_id),
          .session_id = std::string(parts.session_id)};
}

/// Timestamps beyond this overflow nanoseconds.
constexpr std::int64_t timestamp_limit = std::chrono::duration_cast<seconds>(nanoseconds::max()).count() / 2;

}  // namespace

namespace {

/// The keyed context is several times faster than a one-shot HMAC; the lock is hardly ever contended.
class signing_context {
public:
  explicit signing_context(std::string_view key) : context_(key) {}
  std::string sign(std::string_view bytes) {
    std::lock_guard lock(mutex_);
    return to_base64url(context_.sign(bytes));
  }

private:
  std::mutex mutex_;
  hmac_context context_;
};

struct signing_key {
  explicit signing_key(std::string_view key) : three_fields(key), jwt(hmac_sha256(key, jwt_purpose)) {}
  signing_context three_fields, jwt;
};

/// What a token says, whichever way it is written.
struct token_content {
  std::int64_t user = 0, timestamp = 0, expires = 0, epoch = 0;
  std::string_view key_id, session_id;
};

std::string write_three_fields(signing_key& key, const token_content& c) {
  binding signed_fields;
  signed_fields.add(purpose).add(c.user).add(c.timestamp).add(c.key_id).add(c.session_id).add(c.epoch);
  return to_base64url(fmt::format("{}:{}:{}.{}.{}", c.user, c.timestamp, c.key_id, c.session_id,
                                  key.three_fields.sign(signed_fields.bytes())));
}

std::string write_jwt(signing_key& key, const token_content& c) {
  const auto head = fmt::format(R"({{"alg":"HS256","typ":"JWT","kid":"{}"}})", c.key_id);
  const auto body = fmt::format(
      R"({{"iss":"drover","aud":"drover","sub":"{}","sid":"{}","iat":{},"exp":{},"epoch":{}}})", c.user, c.session_id,
      c.timestamp, c.expires, c.epoch);
  auto token = to_base64url(head) + "." + to_base64url(body);
  token += "." + key.jwt.sign(token);
  return token;
}

std::optional<json> read_object(std::string_view encoded) {
  auto text = from_base64url(encoded);
  if (!text) return std::nullopt;
  auto parsed = parse_json(*text);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  return std::move(*parsed);
}

template <class T>
T member_or(const json& object, const char* name, T otherwise) {
  const auto at = object.find(name);
  if (at == object.end()) return otherwise;
  if constexpr (std::same_as<T, std::int64_t>) return at->is_number_integer() ? at->template get<T>() : otherwise;
  else return at->is_string() ? at->template get<T>() : otherwise;
}

/// What it claims. Whether it is written exactly so, and signed, is for verify() to see: it writes the same token anew.
std::optional<token_claims> read_jwt(std::string_view token) {
  if (token.size() > jwt_limit_characters) return std::nullopt;
  const auto head_part = take_until(token, '.');
  const auto body_part = take_until(token, '.');
  if (!head_part || !body_part) return std::nullopt;
  const auto head = read_object(*head_part), body = read_object(*body_part);
  if (!head || !body) return std::nullopt;
  const auto user = parse_number(member_or(*body, "sub", std::string()));
  const auto timestamp = member_or<std::int64_t>(*body, "iat", 0), expires = member_or<std::int64_t>(*body, "exp", 0);
  auto key_id = member_or(*head, "kid", std::string()), session_id = member_or(*body, "sid", std::string());
  const bool fine = user && timestamp > 0 && timestamp <= timestamp_limit && expires > timestamp &&
                    expires <= timestamp_limit && is_key_id(key_id) && session_id.size() == session_id_characters &&
                    is_lower_hex(session_id);
  if (!fine) return std::nullopt;
  return token_claims{.user = user_id(*user),
                      .issued_at = wall_time{seconds(timestamp)},
                      .expires_at = wall_time{seconds(expires)},
                      .key_id = std::move(key_id),
                      .session_id = std::move(session_id),
                      .form = token_form::jwt};
}

bool is_jwt(std::string_view token) {
  return token.find('.') != token.npos;
}

using signing_keys = std::map<std::string, std::shared_ptr<signing_key>, std::less<>>;

signing_keys make_keys(const std::map<std::string, secret>& keys, const std::string& active) {
  signing_keys made;
  for (const auto& [id, key] : keys) {
    if (!is_key_id(id)) throw std::invalid_argument("a token key id has 1 to 32 letters, digits, _ or -");
    if (key.size() < key_bytes_least) throw std::invalid_argument("token key " + id + " has fewer than 32 bytes");
    made.emplace(id, std::make_shared<signing_key>(key.reveal()));
  }
  if (!made.contains(active)) throw std::invalid_argument("the active token key is not among the keys");
  return made;
}

std::int64_t whole_seconds(wall_time t) {
  return std::chrono::duration_cast<seconds>(t.since_epoch).count();
}

}  // namespace

struct token_signer::state {
  mutable std::shared_mutex mutex;
  signing_keys keys;
  std::string active;
  seconds life{};

  std::shared_ptr<signing_key> find(std::string_view key_id) const {
    std::shared_lock lock(mutex);
    const auto found = keys.find(key_id);
    return found == keys.end() ? nullptr : found->second;
  }
};

token_signer::token_signer(std::map<std::string, secret> keys, std::string active, seconds life)
    : state_(std::make_unique<state>()) {
  state_->keys = make_keys(keys, active);
  state_->active = std::move(active);
  state_->life = life;
}

token_signer::~token_signer() = default;

void token_signer::take_up(std::map<std::string, secret> keys, std::string active) {
  auto fresh = make_keys(keys, active);
  std::unique_lock lock(state_->mutex);
  state_->keys = std::move(fresh);
  state_->active = std::move(active);
}

bool token_signer::knows(std::string_view key_id) const {
  return state_->find(key_id) != nullptr;
}

seconds token_signer::life() const {
  return state_->life;
}

std::string token_signer::make_token(user_id user, std::int64_t epoch, std::string_view session_id, wall_time now,
                                     token_form form, seconds life) const {
  if (session_id.size() != session_id_characters || !is_lower_hex(session_id))
    throw std::logic_error("a session id has 16 lower-case hex digits");
  std::string key_id;
  std::shared_ptr<signing_key> key;
  {
    std::shared_lock lock(state_->mutex);
    key_id = state_->active;
    key = state_->keys.find(key_id)->second;
  }
  const auto timestamp = whole_seconds(now);
  const auto expires = timestamp + std::min(life, state_->life).count();
  const token_content content{user.value, timestamp, expires, epoch, key_id, session_id};
  return form == token_form::jwt ? write_jwt(*key, content) : write_three_fields(*key, content);
}

result<token_claims> token_signer::parse(std::string_view token) const {
  if (is_jwt(token)) {
    auto claims = read_jwt(token);
    if (!claims) return invalid();
    return std::move(*claims);
  }
  auto plain = unwrap(token);
  auto parts = split(plain);
  if (!parts || parts->timestamp > timestamp_limit) return invalid();
  return to_claims(*parts);
}

result<token_claims> token_signer::verify(std::string_view token, std::int64_t epoch, wall_time now) const {
  auto claims = parse(token);
  if (!claims) return claims;
  auto key = state_->find(claims->key_id);
  if (!key) return invalid();
  const auto timestamp = whole_seconds(claims->issued_at);
  token_content content{claims->user.value, timestamp, 0, epoch, claims->key_id, claims->session_id};
  const auto longest = claims->issued_at + state_->life;
  std::string expected;
  if (claims->form == token_form::jwt) {
    content.expires = whole_seconds(claims->expires_at);
    claims->expires_at = std::min(claims->expires_at, longest);
    expected = write_jwt(*key, content);
  } else {
    claims->expires_at = longest;
    expected = write_three_fields(*key, content);
  }
  if (!constant_time_equal(expected, token)) return invalid();
  if (claims->issued_at > now + future_limit) return invalid();
  if (now >= claims->expires_at) return fail(token_errc::expired);
  return claims;
}

}  // namespace drover::crypto
