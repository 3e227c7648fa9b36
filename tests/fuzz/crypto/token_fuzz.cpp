// Any text as a bearer token: only the one that was made passes, and claims are read from nothing that would be written
// differently.
#include <cstdint>
#include <cstdlib>

#include "base/encoding.hpp"
#include "crypto/tokens.hpp"

namespace {

using namespace drover;
using namespace drover::crypto;

constexpr std::int64_t epoch = 3;
const wall_time made_at = wall_time::from_ms(1'732'104'000'000);

token_signer make_signer() {
  std::map<std::string, secret> keys;
  keys.emplace("k1", secret(std::string(32, 'a')));
  keys.emplace("k2", secret(std::string(32, 'b')));
  return {std::move(keys), "k1", 3600s};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto signer = make_signer();
  static const auto genuine = signer.make_token(user_id(7), epoch, "0123456789abcdef", made_at);
  static const auto plain = from_base64url(genuine).value();
  static const auto jwt = signer.make_token(user_id(7), epoch, "0123456789abcdef", made_at, token_form::jwt);
  static const auto head_end = jwt.find('.'), body_end = jwt.find('.', head_end + 1);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto lay_over = [&](std::string text) {
    for (std::size_t i = 0; i + 1 < size && i < 8; i += 2) text[data[i] % text.size()] = static_cast<char>(data[i + 1]);
    return text;
  };
  // The input as it stands, as what the encodings wrap, as either part of a JWT, and laid over the genuine ones.
  const auto wrapped = to_base64url(bytes);
  for (const auto& token : {std::string(bytes), wrapped, to_base64url(lay_over(plain)), lay_over(jwt), wrapped + jwt.substr(head_end),
                            jwt.substr(0, head_end + 1) + wrapped + jwt.substr(body_end), wrapped + "." + wrapped + "."}) {
    (void)signer.parse(token);
    const auto accepted = signer.verify(token, epoch, made_at + 10s);
    const bool is_genuine = token == genuine || token == jwt;
    if (accepted.has_value() != is_genuine) std::abort();
    if (signer.verify(token, epoch + 1, made_at + 10s) || signer.verify(token, epoch, made_at + 3601s)) std::abort();
  }
  return 0;
}
