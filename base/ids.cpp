#include "base/ids.hpp"

#include "base/clock.hpp"
#include "base/encoding.hpp"
#include "base/random.hpp"

namespace drover {

std::string uuid::to_hex() const {
  return drover::to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string uuid::to_string() const {
  std::string text = to_hex();
  for (std::size_t at : {8u, 13u, 18u, 23u}) text.insert(at, 1, '-');
  return text;
}

result<uuid> uuid::parse(std::string_view text) {
  std::string digits;
  digits.reserve(32);
  const bool dashed = text.size() == 36;
  if (!dashed && text.size() != 32) return fail(errc::malformed, "not a UUID");
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool place_of_dash = dashed && (i == 8 || i == 13 || i == 18 || i == 23);
    if (place_of_dash != (text[i] == '-')) return fail(errc::malformed, "not a UUID");
    if (!place_of_dash) digits.push_back(text[i]);
  }
  auto raw = from_hex(digits);
  if (!raw) return fail(errc::malformed, "not a UUID");
  uuid out;
  for (std::size_t i = 0; i < out.bytes.size(); ++i) out.bytes[i] = static_cast<std::uint8_t>((*raw)[i]);
  return out;
}

uuid make_uuid_v7(const clock& time, random_source& random) {
  uuid out;
  random.fill(out.bytes);
  const auto ms = static_cast<std::uint64_t>(time.wall_now().ms());
  for (int i = 0; i < 6; ++i) out.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(ms >> (8 * (5 - i)));
  out.bytes[6] = static_cast<std::uint8_t>((out.bytes[6] & 0x0f) | 0x70);
  out.bytes[8] = static_cast<std::uint8_t>((out.bytes[8] & 0x3f) | 0x80);
  return out;
}

}  // namespace drover
