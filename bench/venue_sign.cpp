#include <fmt/core.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/encoding.hpp"
#include "bench/benches.hpp"
#include "bench/rate.hpp"
#include "crypto/mac.hpp"
#include "crypto/signing_key.hpp"
#include "exchanges/registry.hpp"

namespace drover::bench {
namespace {

using namespace exchanges;

constexpr int batch = 50;
constexpr const char* base_url = "https://venue.example";
constexpr std::int64_t now_ms = 1'732'104'000'123;
constexpr std::string_view key_text = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

credentials clone_of(const secret& key, const secret& text) {
  return {key.clone(), text.clone(), secret("passphrase")};
}

signing_context make_context() {
  signing_context c;
  c.server_now = wall_time::from_ms(now_ms);
  c.nonce = now_ms;
  c.random_hex = "0123456789abcdef0123456789abcdef";
  c.base_url = base_url;
  return c;
}

venue_call make_order() {
  using namespace drover::literals;
  venue_call c;
  c.op = operation::create_order;
  c.symbol = c.order.symbol = "BTC/USDT";
  c.order.quantity = "0.001"_dec;
  c.order.price = "90000.1"_dec;
  c.order.client_order_id = "00112233445566778899aabbccddeeff";
  return c;
}

std::string header(const client_request& r, std::string_view name) {
  for (const auto& [key, value] : r.headers)
    if (key == name) return value;
  throw std::runtime_error("no header " + std::string(name));
}

std::string before(const std::string& text, std::string_view mark) {
  return text.substr(0, text.find(mark));
}
std::string path_of(const client_request& r) {
  return r.url.substr(std::string_view(base_url).size());
}

enum class mac_kind { hmac_sha256, hmac_sha512, es256, ed25519 };

/// What a venue signs of an order, read off the signed request, and how: the floor signs just that.
struct signature_form {
  mac_kind kind;
  std::function<std::string(const client_request&)> prehash;
  std::function<std::string(const client_request&)> signature;
  /// The secret is the key in base64.
  bool key_in_base64 = false;
};

std::string jwt_part(const client_request& r, bool signature) {
  const auto token = header(r, "Authorization").substr(std::string_view("Bearer ").size());
  const auto dot = token.rfind('.');
  return signature ? from_base64url(token.substr(dot + 1)).value() : token.substr(0, dot);
}

/// "timestamp method path body", each as the venue wants it, of the headers named.
std::string plain_prehash(const client_request& r, std::string_view timestamp) {
  return header(r, timestamp) + r.method + path_of(r) + r.body;
}

const std::map<std::string_view, signature_form>& forms() {
  using r = const client_request&;
  static const std::map<std::string_view, signature_form> table{
      {"binance",
       {mac_kind::hmac_sha256, [](r x) { return before(x.body, "&signature="); },
        [](r x) { return from_hex(x.body.substr(x.body.rfind('=') + 1)).value(); }}},
      {"bybit",
       {mac_kind::hmac_sha256,
        [](r x) {
          return header(x, "X-BAPI-TIMESTAMP") + header(x, "X-BAPI-API-KEY") + header(x, "X-BAPI-RECV-WINDOW") + x.body;
        },
        [](r x) { return from_hex(header(x, "X-BAPI-SIGN")).value(); }}},
      {"okx",
       {mac_kind::hmac_sha256, [](r x) { return plain_prehash(x, "OK-ACCESS-TIMESTAMP"); },
        [](r x) { return from_base64(header(x, "OK-ACCESS-SIGN")).value(); }}},
      {"gate",
       {mac_kind::hmac_sha512,
        [](r x) {
          return x.method + "\n" + path_of(x) + "\n\n" + to_hex(crypto::sha512(x.body)) + "\n" + header(x, "Timestamp");
        },
        [](r x) { return from_hex(header(x, "SIGN")).value(); }}},
      {"mexc",
       {mac_kind::hmac_sha256, [](r x) { return before(x.url.substr(x.url.find('?') + 1), "&signature="); },
        [](r x) { return from_hex(x.url.substr(x.url.rfind('=') + 1)).value(); }}},
      {"kucoin",
       {mac_kind::hmac_sha256, [](r x) { return plain_prehash(x, "KC-API-TIMESTAMP"); },
        [](r x) { return from_base64(header(x, "KC-API-SIGN")).value(); }}},
      {"coinbase", {mac_kind::es256, [](r x) { return jwt_part(x, false); }, [](r x) { return jwt_part(x, true); }}},
      {"coinbaseexchange",
       {mac_kind::hmac_sha256, [](r x) { return plain_prehash(x, "CB-ACCESS-TIMESTAMP"); },
        [](r x) { return from_base64(header(x, "CB-ACCESS-SIGN")).value(); }, true}},
      {"kraken",
       {mac_kind::hmac_sha512, [](r x) { return path_of(x) + crypto::sha256(std::to_string(now_ms) + x.body); },
        [](r x) { return from_base64(header(x, "API-Sign")).value(); }, true}},
  };
  return table;
}

std::string raw_hmac(const EVP_MD* hash, std::string_view key, std::string_view message) {
  std::string out(static_cast<std::size_t>(EVP_MD_get_size(hash)), '\0');
  unsigned size = 0;
  if (!HMAC(hash, key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()),
            message.size(), reinterpret_cast<unsigned char*>(out.data()), &size))
    throw std::runtime_error("OpenSSL failed");
  return out;
}

struct figures {
  double signed_per_s = 0, raw_per_s = 0;
};

client_request sign_order(const venue_protocol& protocol, const credentials& keys, const signing_context& context) {
  static const auto order = make_order();
  auto request = protocol.make_request(order);
  if (!request) throw std::runtime_error(request.error().to_string());
  auto made = protocol.sign(std::move(*request), &keys, context);
  if (!made) throw std::runtime_error(made.error().to_string());
  return std::move(*made);
}

figures measure_hmac(const venue_protocol& protocol, const signature_form& form, int seconds_each) {
  const secret text(form.key_in_base64 ? to_base64(key_text) : std::string(key_text));
  const auto keys = clone_of(secret("a-key-of-a-bench"), text);
  const auto context = make_context();
  const auto example = sign_order(protocol, keys, context);
  const auto prehash = form.prehash(example);
  const auto* hash = form.kind == mac_kind::hmac_sha512 ? EVP_sha512() : EVP_sha256();
  if (raw_hmac(hash, key_text, prehash) != form.signature(example))
    throw std::runtime_error("the floor of " + std::string(protocol.traits().name) + " signs something else");
  const auto [ours, raw] = best_rates(
      seconds(seconds_each), batch, [&] { (void)sign_order(protocol, keys, context); },
      [&] { (void)raw_hmac(hash, key_text, prehash); });
  return {ours, raw};
}

/// A key of the kind, opened once: EVP_DigestSign and nothing else.
figures measure_key(const venue_protocol& protocol, const signature_form& form, mac_kind kind, int seconds_each) {
  const bool es256 = kind == mac_kind::es256;
  const auto key = crypto::signing_key::generate(es256 ? crypto::key_algorithm::es256 : crypto::key_algorithm::ed25519);
  const auto text = es256 ? key.to_pem(false) : secret(to_base64(key.to_ed25519().reveal()));
  const auto keys = clone_of(secret("organizations/1/apiKeys/2"), text);
  const auto context = make_context();
  const auto example = sign_order(protocol, keys, context);
  const auto prehash = form.prehash(example);
  if (!key.verify(prehash, form.signature(example))) throw std::runtime_error("the floor signs something else");
  const auto [ours, raw] = best_rates(
      seconds(seconds_each), batch, [&] { (void)sign_order(protocol, keys, context); },
      [&] { (void)key.sign(prehash); });
  return {ours, raw};
}

}  // namespace

int run_venue_sign(int seconds_each) {
  nlohmann::json out;
  const auto add = [&out](std::string_view name, const figures& f) {
    out[std::string(name)] = {{"signed_per_s", f.signed_per_s}, {"raw_per_s", f.raw_per_s}};
  };
  for (const auto* traits : known_venues()) {
    const auto protocol = make_protocol(traits->name, {}).value();
    const auto& form = forms().at(traits->name);
    if (form.kind != mac_kind::es256) {
      add(traits->name, measure_hmac(*protocol, form, seconds_each));
      continue;
    }
    add(traits->name, measure_key(*protocol, form, mac_kind::es256, seconds_each));
    add(std::string(traits->name) + "_ed25519", measure_key(*protocol, form, mac_kind::ed25519, seconds_each));
  }
  fmt::print("{}\n", out.dump());
  return 0;
}

}  // namespace drover::bench
