#include "base/encoding.hpp"
#include "crypto/mac.hpp"
#include "exchanges/coinbase/wires.hpp"

namespace drover::exchanges::coinbase {

result<std::string> sign_exchange_text(const secret& api_secret, std::string_view text) {
  auto key = from_base64(api_secret.reveal());
  if (!key || key->empty()) return fail(exchange_errc::bad_credentials, "the secret is not base64");
  auto signature = to_base64(crypto::hmac_sha256(*key, text));
  wipe_memory(key->data(), key->size());
  return signature;
}

}  // namespace drover::exchanges::coinbase
