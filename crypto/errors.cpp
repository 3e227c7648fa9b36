#include "crypto/keyring.hpp"
#include "crypto/tokens.hpp"

namespace drover::crypto {
namespace {

std::string_view crypto_message(int value) {
  switch (static_cast<crypto_errc>(value)) {
    case crypto_errc::key_missing:
      return "no master key is configured";
    case crypto_errc::key_malformed:
      return "the master key cannot be read";
    case crypto_errc::key_wrong:
      return "the master key is not the one this database was sealed with";
    case crypto_errc::passphrase_wrong:
      return "the passphrase does not open the key file";
    case crypto_errc::rolled_back:
      return "credentials that were replaced since were put back";
    case crypto_errc::sealed_value_refused:
      return "a sealed value does not open";
    case crypto_errc::broken:
      return "the cryptographic library failed";
  }
  return "unknown error";
}

std::string_view token_message(int value) {
  switch (static_cast<token_errc>(value)) {
    case token_errc::invalid:
      return "the token is not valid";
    case token_errc::expired:
      return "the token has expired";
    case token_errc::revoked:
      return "the session was ended";
  }
  return "unknown error";
}

constinit const enum_category crypto_category("crypto", crypto_message);
constinit const enum_category token_category("token", token_message);

}  // namespace

std::error_code make_error_code(crypto_errc e) {
  return {static_cast<int>(e), crypto_category};
}
std::error_code make_error_code(token_errc e) {
  return {static_cast<int>(e), token_category};
}

}  // namespace drover::crypto
