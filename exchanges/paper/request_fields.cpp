#include "exchanges/paper/request_fields.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/encoding.hpp"

namespace drover::exchanges::paper {

namespace {

constexpr std::size_t depth_limit = 64, size_limit_bytes = 1024 * 1024;
constexpr int places_limit = 8;
/// Digits before the point that every decimal can hold: what does not fit then has too many behind it.
constexpr std::size_t longest_whole_part = 20;

/// Builds the value; numbers that are no 64-bit integers become strings with their digits.
class loose_builder {
 public:
  bool null() { return place(nullptr); }
  bool boolean(bool v) { return place(v); }
  bool number_integer(std::int64_t v) { return place(v); }
  bool number_unsigned(std::uint64_t v) { return place(v); }
  bool number_float(double, const std::string& digits) { return place(digits); }
  bool string(std::string& v) { return place(std::move(v)); }
  bool binary(json::binary_t&) { return false; }
  bool start_object(std::size_t) { return open(json::object()); }
  bool start_array(std::size_t) { return open(json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& v) {
    key_ = std::move(v);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) { return false; }
  json take() { return std::move(root_); }

 private:
  json* put(json v) {
    if (open_.empty()) return &(root_ = std::move(v));
    if (open_.back()->is_array()) return &open_.back()->emplace_back(std::move(v));
    return &((*open_.back())[key_] = std::move(v));
  }
  bool place(json v) {
    put(std::move(v));
    return true;
  }
  bool open(json v) {
    if (open_.size() == depth_limit) return false;
    open_.push_back(put(std::move(v)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }
  json root_;
  /// Only the last child of a container is open, so that these stay where they are.
  std::vector<json*> open_;
  std::string key_;
};

std::unexpected<field_problem> problem(field_problem::reason why, std::string_view name) {
  return std::unexpected(field_problem{why, std::string(name)});
}

std::optional<std::string> decode(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  auto decoded = percent_decode(spaced);
  if (!decoded) return std::nullopt;
  return std::move(*decoded);
}

}  // namespace

std::optional<json> read_loose_json(std::string_view text) {
  if (text.size() > size_limit_bytes) return std::nullopt;
  loose_builder builder;
  if (!json::sax_parse(text, &builder)) return std::nullopt;
  return builder.take();
}

field_result<void> request_fields::add(std::string_view part) {
  const auto equals = part.find('=');
  auto name = decode(part.substr(0, equals));
  auto value = decode(equals == part.npos ? std::string_view() : part.substr(equals + 1));
  if (!name || !value || values_.size() == count_limit) return problem(field_problem::reason::unreadable, name.value_or(""));
  if (std::ranges::find(values_, *name, &std::pair<std::string, std::string>::first) != values_.end())
    return problem(field_problem::reason::unreadable, *name);
  values_.emplace_back(std::move(*name), std::move(*value));
  return {};
}

field_result<request_fields> request_fields::from_form(std::string_view text) {
  request_fields out;
  while (!text.empty()) {
    const auto end = text.find('&');
    const auto part = text.substr(0, end);
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
    if (part.empty()) continue;
    if (auto added = out.add(part); !added) return std::unexpected(added.error());
  }
  return out;
}

field_result<request_fields> request_fields::from_json(std::string_view text) {
  if (text.empty()) return request_fields();
  auto value = read_loose_json(text);
  if (!value || !value->is_object() || value->size() > count_limit) return problem(field_problem::reason::unreadable, "");
  return from_json(*value);
}

request_fields request_fields::from_object(const json& object) {
  request_fields out;
  if (!object.is_object()) return out;
  json structured = json::object();
  for (const auto& [name, value] : object.items()) {
    if (out.values_.size() == count_limit) break;
    if (value.is_structured())
      structured[name] = value;
    else if (value.is_string())
      out.values_.emplace_back(name, value.get<std::string>());
    else if (!value.is_null())
      out.values_.emplace_back(name, value.dump());
  }
  if (!structured.empty()) out.structured_ = std::make_shared<const json>(std::move(structured));
  return out;
}

std::string_view request_fields::text(std::string_view name) const {
  for (const auto& [known, value] : values_)
    if (known == name) return value;
  return {};
}

field_result<std::optional<std::int64_t>> request_fields::whole(std::string_view name) const {
  const auto value = text(name);
  if (value.empty()) return std::nullopt;
  std::int64_t out = 0;
  const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), out);
  if (ec == std::errc::result_out_of_range) return problem(field_problem::reason::out_of_range, name);
  if (ec != std::errc() || end != value.data() + value.size()) return problem(field_problem::reason::not_a_number, name);
  return out;
}

field_result<std::optional<decimal>> request_fields::amount(std::string_view name) const {
  const auto value = text(name);
  if (value.empty()) return std::nullopt;
  auto number = decimal::parse(value);
  const bool long_fraction = value.find('.') < longest_whole_part;
  if (!number && number.error().code == make_error_code(errc::out_of_range))
    return problem(long_fraction ? field_problem::reason::too_precise : field_problem::reason::out_of_range, name);
  if (!number || number->is_negative()) return problem(field_problem::reason::not_a_number, name);
  if (*number != number->round_to_places(places_limit, rounding::down)) return problem(field_problem::reason::too_precise, name);
  return *number;
}

bool request_fields::flag(std::string_view name, bool usual) const {
  const auto value = text(name);
  return value.empty() ? usual : value == "true" || value == "1";
}

const json* request_fields::member(std::string_view name) const {
  if (structured_ == nullptr) return nullptr;
  auto it = structured_->find(std::string(name));
  return it == structured_->end() ? nullptr : &*it;
}

}  // namespace drover::exchanges::paper
