#include "tenants/accounts/account_rules.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "crypto/signing_key.hpp"
#include "tenants/errors.hpp"

namespace drover::tenants {
namespace {

constexpr std::size_t label_most_characters = 64;
constexpr std::size_t credential_least = 8;
constexpr std::size_t credential_most = 512;
/// An RSA key of 4096 bits has 3,300.
constexpr std::size_t private_key_most = 4096;
constexpr std::string_view blanks = " \t\r\n\f\v";

std::unexpected<error> refuse(std::string_view field, std::string_view what) {
  return fail(tenant_errc::invalid, std::string(field) + ": " + std::string(what));
}

std::string_view trim(std::string_view text) {
  auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

/// Takes one character off the front; nothing for what is not UTF-8 (overlong, surrogate, beyond Unicode, cut off).
std::optional<char32_t> take_character(std::string_view& rest) {
  auto first = static_cast<unsigned char>(rest.front());
  std::size_t size = first < 0x80           ? 1
                     : (first >> 5) == 0x6  ? 2
                     : (first >> 4) == 0xe  ? 3
                     : (first >> 3) == 0x1e ? 4
                                            : 0;
  if (size == 0 || rest.size() < size) return std::nullopt;
  char32_t value = size == 1 ? first : first & (0x7fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    auto next = static_cast<unsigned char>(rest[i]);
    if ((next >> 6) != 0x2) return std::nullopt;
    value = (value << 6) | (next & 0x3f);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < least[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return std::nullopt;
  rest.remove_prefix(size);
  return value;
}

/// Not a control, and nothing that hides or turns the text around it.
bool is_printable(char32_t c) {
  bool is_control = c < 0x20 || (c >= 0x7f && c <= 0x9f);
  bool is_invisible = (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
                      c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb);
  return !is_control && !is_invisible;
}

bool is_visible_ascii(char c) {
  return c > ' ' && c <= '~';
}
bool is_printable_ascii(char c) {
  return c >= ' ' && c <= '~';
}

std::string plain_address(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

/// Private keys in PEM have lines.
bool is_pem_character(char c) {
  return is_printable_ascii(c) || c == '\n' || c == '\r';
}

result<void> check_credential(std::string_view field, secret& value) {
  auto trimmed = trim(value.reveal());
  if (trimmed.empty()) return refuse(field, "must not be empty");
  if (trimmed.size() < credential_least) return refuse(field, "must have at least 8 characters");
  const bool is_pem = crypto::looks_like_pem(trimmed);
  if (!is_pem && trimmed.size() > credential_most) return refuse(field, "must have at most 512 characters");
  if (is_pem && trimmed.size() > private_key_most) return refuse(field, "must have at most 4096 characters");
  if (!std::ranges::all_of(trimmed, is_pem ? is_pem_character : is_visible_ascii))
    return refuse(field, "must consist of printable ASCII characters without blanks");
  if (is_pem && !crypto::signing_key::from_pem(trimmed))
    return refuse(field, "must be a private key in PEM without a passphrase: P-256, Ed25519, or RSA of 2048 to 4096 bits");
  if (trimmed.size() != value.size()) value = secret(trimmed);
  return {};
}

result<void> check_passphrase(const account_request& request, bool is_needed) {
  const auto& passphrase = request.passphrase;
  if (!is_needed && !passphrase.empty())
    return refuse("passphrase", request.exchange_name + " has none; leave it empty");
  if (!is_needed) return {};
  if (passphrase.empty()) return refuse("passphrase", request.exchange_name + " needs one");
  if (passphrase.size() > credential_most) return refuse("passphrase", "must have at most 512 characters");
  if (!std::ranges::all_of(passphrase.reveal(), is_printable_ascii))
    return refuse("passphrase", "must consist of printable ASCII characters");
  return {};
}

}  // namespace

result<void> check_label(std::string& label) {
  label = std::string(trim(label));
  if (label.empty()) return refuse("label", "must not be empty");
  std::size_t characters = 0;
  for (std::string_view rest = label; !rest.empty(); ++characters) {
    auto character = take_character(rest);
    if (!character || !is_printable(*character)) return refuse("label", "must consist of printable characters");
  }
  if (characters > label_most_characters) return refuse("label", "must have at most 64 characters");
  return {};
}

result<std::string> find_region(const std::string& exchange_name, const std::string& region, const std::string& base_url,
                                const exchange_catalogue& catalogue) {
  const auto regions = catalogue.regions_of(exchange_name);
  const auto wanted = region.empty() ? std::string(default_region) : region;
  std::string names, addresses;
  for (const auto& r : regions) {
    names += (names.empty() ? "" : ", ") + r.name;
    addresses += (addresses.empty() ? "" : ", ") + r.base_url;
  }
  const auto by_name = std::ranges::find(regions, wanted, &exchange_region::name);
  if (by_name == regions.end()) return refuse("region", "is not one of " + names);
  if (base_url.empty()) return by_name->name;
  const auto address = plain_address(base_url);
  // Two regions may share an address (a test network that a header tells apart).
  if (plain_address(by_name->base_url) == address) return by_name->name;
  const auto by_address = std::ranges::find_if(regions, [&](const auto& r) { return plain_address(r.base_url) == address; });
  if (by_address == regions.end()) return refuse("base_url", "is not one of " + addresses);
  if (!region.empty()) return refuse("base_url", "is not the address of region " + region + "; leave one of both out");
  return by_address->name;
}

result<void> check_exchange_name(const std::string& name, const exchange_catalogue& catalogue) {
  if (name.empty()) return refuse("exchange_name", "must not be empty");
  if (catalogue.is_known(name)) return {};
  std::string known;
  for (const auto& each : catalogue.names) known += (known.empty() ? "" : ", ") + each;
  return refuse("exchange_name", "is not one of " + known);
}

result<void> check_credentials(account_request& request, const exchange_catalogue& catalogue) {
  if (auto checked = check_credential("api_key", request.api_key); !checked) return checked;
  if (auto checked = check_credential("api_secret", request.api_secret); !checked) return checked;
  return check_passphrase(request, catalogue.needs_passphrase(request.exchange_name));
}

}  // namespace drover::tenants
