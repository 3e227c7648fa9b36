#include "tenants/audit/audit_head.hpp"

#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "crypto/mac.hpp"

namespace drover::tenants {
namespace {

constexpr std::size_t hash_bytes = 32, signature_bytes = 64, key_id_bytes = 8;
constexpr std::string_view pem_begin = "-----BEGIN PUBLIC KEY-----", pem_end = "-----END PUBLIC KEY-----";

}  // namespace

std::string signed_text(const audit_head& h) {
  return "drover-audit-head-v1\n" + std::to_string(h.seq) + "\n" + to_hex(h.hash) + "\n" + to_rfc3339(h.signed_at) +
         "\n";
}

signed_head sign_head(const crypto::keyring& keys, std::int64_t seq, std::string hash, wall_time at) {
  audit_head head{.seq = seq, .hash = std::move(hash), .signed_at = at, .key_id = {}, .signature = {}};
  auto attested = keys.attest(signed_text(head));
  head.key_id = audit_key_id(attested.public_key);
  head.signature = std::move(attested.signature);
  return {.head = std::move(head), .public_key = std::move(attested.public_key)};
}

std::string to_line(const audit_head& h) {
  const json line{{"seq", h.seq},
                  {"hash", to_hex(h.hash)},
                  {"signed_at", to_rfc3339(h.signed_at)},
                  {"key", h.key_id},
                  {"signature", to_base64url(h.signature)}};
  return line.dump();
}

result<audit_head> parse_head(std::string_view line) {
  const auto read = parse_json(line);
  if (!read) return std::unexpected(read.error());
  const auto text = [&](const char* name) {
    const auto at = read->is_object() ? read->find(name) : read->end();
    return at != read->end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  const auto hash = from_hex(text("hash"));
  const auto at = parse_rfc3339(text("signed_at"));
  const auto signature = from_base64url(text("signature"));
  const bool has_seq = read->is_object() && read->contains("seq") && read->at("seq").is_number_integer();
  if (!has_seq || !hash || hash->size() != hash_bytes || !at || !signature || signature->size() != signature_bytes)
    return fail(errc::malformed, "is not a head of an audit trail");
  return audit_head{read->at("seq").get<std::int64_t>(), *hash, *at, text("key"), *signature};
}

std::string audit_key_id(std::string_view public_key) {
  return to_hex(std::string_view(crypto::sha256(public_key)).substr(0, key_id_bytes));
}

result<audit_keys> audit_keys::parse(std::string_view pem) {
  audit_keys out;
  for (std::size_t at = 0;;) {
    const auto begin = pem.find(pem_begin, at);
    if (begin == pem.npos) break;
    const auto end = pem.find(pem_end, begin);
    if (end == pem.npos) return fail(crypto::crypto_errc::key_malformed, "a public key has no end");
    at = end + pem_end.size();
    if (auto added = out.add(std::string(pem.substr(begin, at - begin)) + "\n"); !added)
      return std::unexpected(added.error());
  }
  if (out.empty()) return fail(crypto::crypto_errc::key_malformed, "holds no public key (-----BEGIN PUBLIC KEY-----)");
  return out;
}

result<void> audit_keys::add(const std::string& pem) {
  auto key = crypto::verifying_key::from_pem(pem);
  if (!key) return std::unexpected(key.error());
  if (key->algorithm() != crypto::key_algorithm::ed25519)
    return fail(crypto::crypto_errc::key_malformed, "a public key is not Ed25519");
  keys_.insert_or_assign(audit_key_id(pem), std::move(*key));
  return {};
}

bool audit_keys::verify(const audit_head& h) const {
  const auto key = keys_.find(h.key_id);
  return key != keys_.end() && key->second.verify(signed_text(h), h.signature);
}

}  // namespace drover::tenants
