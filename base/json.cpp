#include "base/json.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace drover {
namespace {

/// At most `limit` bytes of UTF-8 text, never half a character: what is quoted in an answer must stay valid.
std::string shortened(const std::string& text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
  return text.substr(0, limit) + "…";
}

constexpr std::size_t quoted_key_bytes = 64;

/// Builds the value while refusing what json.hpp says; the first complaint ends the parse.
class strict_builder {
 public:
  explicit strict_builder(json_limits limits) : limits_(limits) {}

  bool null() { return place(nullptr); }
  bool boolean(bool v) { return place(v); }
  bool number_integer(std::int64_t v) { return place(v); }
  bool number_unsigned(std::uint64_t v) {
    if (v > static_cast<std::uint64_t>(INT64_MAX)) return refuse("a number is too large");
    return place(static_cast<std::int64_t>(v));
  }
  bool number_float(double, const std::string&) { return refuse("numbers must be whole; send decimals as strings"); }
  bool string(std::string& v) {
    if (v.find('\0') != std::string::npos) return refuse("a string contains the character NUL");
    return place(std::move(v));
  }
  bool binary(json::binary_t&) { return refuse("binary values are not JSON"); }
  bool start_object(std::size_t) { return open(json::object()); }
  bool start_array(std::size_t) { return open(json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& v) {
    if (v.find('\0') != std::string::npos) return refuse("a key contains the character NUL");
    if (open_.back()->contains(v)) return refuse("the key '" + shortened(v, quoted_key_bytes) + "' appears twice");
    key_ = std::move(v);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) {
    return refuse("not JSON at byte " + std::to_string(position));
  }

  json take() { return std::move(root_); }
  const std::string& complaint() const { return complaint_; }

 private:
  bool refuse(std::string why) {
    if (complaint_.empty()) complaint_ = std::move(why);
    return false;
  }
  json* put(json v) {
    if (open_.empty()) {
      root_ = std::move(v);
      return &root_;
    }
    json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(v));
      return &parent.back();
    }
    return &(parent[key_] = std::move(v));
  }
  template <class T>
  bool place(T&& v) {
    put(json(std::forward<T>(v)));
    return true;
  }
  bool open(json v) {
    if (open_.size() >= limits_.depth) return refuse("nested deeper than " + std::to_string(limits_.depth) + " levels");
    // Pointers into the parents stay valid: a parent only grows after its open child has been closed.
    open_.push_back(put(std::move(v)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  json_limits limits_;
  json root_;
  std::vector<json*> open_;
  std::string key_, complaint_;
};

}  // namespace

result<json> parse_json(std::string_view text, json_limits limits) {
  if (text.size() > limits.size_bytes)
    return fail(errc::malformed, "larger than " + std::to_string(limits.size_bytes) + " bytes");
  // The lexer below takes a NUL byte for the end of the text and would not look at what follows.
  const auto nul = text.find('\0');
  if (nul != std::string_view::npos) return fail(errc::malformed, "not JSON at byte " + std::to_string(nul + 1));
  strict_builder builder(limits);
  const bool parsed = json::sax_parse(text.begin(), text.end(), &builder);
  if (!parsed) return fail(errc::malformed, builder.complaint().empty() ? "not JSON" : builder.complaint());
  return builder.take();
}

}  // namespace drover
