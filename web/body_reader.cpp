#include "web/body_reader.hpp"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace drover::web {

struct body_reader::state {
  json document;
  std::vector<std::string> known;
  std::vector<field_error> errors;

  /// The member unless absent or null; remembers that somebody asked for it.
  json* find(std::string_view name) {
    known.emplace_back(name);
    auto it = document.find(std::string(name));
    return it == document.end() || it->is_null() ? nullptr : &*it;
  }
  std::string* find_text(std::string_view name, std::size_t limit) {
    auto* member = find(name);
    if (!member) return nullptr;
    auto* text = member->get_ptr<std::string*>();
    if (!text)
      complain(name, "must be a string");
    else if (text->size() > limit)
      complain(name, "must not be longer than " + std::to_string(limit) + " bytes");
    else
      return text;
    return nullptr;
  }
  void complain(std::string_view name, std::string detail) {
    errors.push_back({"/" + std::string(name), std::move(detail)});
  }
  bool complained_about(std::string_view name) const {
    return std::any_of(errors.begin(), errors.end(), [&](const auto& e) { return e.pointer.substr(1) == name; });
  }
  void require(std::string_view name, bool present) {
    if (!present && !complained_about(name)) complain(name, "is required");
  }
};

namespace {

bool is_json_type(std::string_view header) {
  auto type = header.substr(0, header.find(';'));
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  static constexpr std::string_view wanted = "application/json";
  return std::equal(type.begin(), type.end(), wanted.begin(), wanted.end(),
                    [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
}

}  // namespace

body_reader::body_reader(std::unique_ptr<state> s) : state_(std::move(s)) {}
body_reader::body_reader(body_reader&&) noexcept = default;
body_reader::~body_reader() = default;

std::expected<body_reader, problem> body_reader::open(const request& r) {
  if (!is_json_type(find_header(r.http.headers, "Content-Type")))
    return refuse(make_http_problem(415, "Send a JSON body with Content-Type: application/json."));
  auto document = parse_json(r.http.body);
  if (!document) return refuse(make_http_problem(400, "The body is not acceptable JSON: " + document.error().detail));
  if (!document->is_object()) return refuse(make_validation_problem("", "the body must be a JSON object"));
  auto s = std::make_unique<state>();
  s->document = std::move(*document);
  return body_reader(std::move(s));
}

std::string body_reader::required_text(std::string_view name, std::size_t limit) {
  auto text = optional_text(name, limit);
  if (text && text->empty()) state_->complain(name, "must not be empty");
  state_->require(name, text.has_value());
  return std::move(text).value_or(std::string());
}

std::optional<std::string> body_reader::optional_text(std::string_view name, std::size_t limit) {
  auto* text = state_->find_text(name, limit);
  if (!text) return std::nullopt;
  return *text;
}

std::vector<std::string> body_reader::optional_texts(std::string_view name, std::size_t count, std::size_t limit) {
  std::vector<std::string> texts;
  const auto* member = state_->find(name);
  if (!member) return texts;
  const auto is_text = [limit](const json& item) { return item.is_string() && item.get_ref<const std::string&>().size() <= limit; };
  if (member->is_array() && member->size() <= count && std::ranges::all_of(*member, is_text)) {
    for (const auto& item : *member) texts.push_back(item.get<std::string>());
    return texts;
  }
  state_->complain(name, "must be a list of at most " + std::to_string(count) + " texts of at most " + std::to_string(limit) + " bytes");
  return texts;
}

std::optional<decimal> body_reader::optional_amount(std::string_view name) {
  constexpr std::size_t longest_amount = 48;
  const auto text = optional_text(name, longest_amount);
  if (!text) return std::nullopt;
  auto value = decimal::parse(*text);
  if (value) return *value;
  state_->complain(name, "must be a decimal number as text, such as \"0.5\"");
  return std::nullopt;
}

secret body_reader::required_secret(std::string_view name, std::size_t limit) {
  auto value = optional_secret(name, limit);
  if (value && value->empty()) state_->complain(name, "must not be empty");
  state_->require(name, value.has_value());
  return value ? std::move(*value) : secret();
}

std::optional<secret> body_reader::optional_secret(std::string_view name, std::size_t limit) {
  auto* text = state_->find_text(name, limit);
  if (!text) return std::nullopt;
  secret value(*text);
  wipe_memory(text->data(), text->size());
  return value;
}

bool body_reader::required_flag(std::string_view name) {
  auto* member = state_->find(name);
  if (member && !member->is_boolean()) state_->complain(name, "must be true or false");
  state_->require(name, member != nullptr);
  return member && member->is_boolean() && member->get<bool>();
}

std::optional<bool> body_reader::optional_flag(std::string_view name) {
  const auto* member = state_->find(name);
  if (!member) return std::nullopt;
  if (member->is_boolean()) return member->get<bool>();
  state_->complain(name, "must be true or false");
  return std::nullopt;
}

std::optional<std::string> body_reader::optional_object(std::string_view name, std::size_t limit) {
  const auto* member = state_->find(name);
  if (!member) return std::nullopt;
  auto text = member->is_object() ? member->dump() : std::string();
  if (text.empty())
    state_->complain(name, "must be an object");
  else if (text.size() > limit)
    state_->complain(name, "must not be longer than " + std::to_string(limit) + " bytes");
  else
    return text;
  return std::nullopt;
}

std::optional<std::int64_t> body_reader::optional_integer(std::string_view name, std::int64_t least,
                                                          std::int64_t most) {
  auto* member = state_->find(name);
  if (!member) return std::nullopt;
  bool fits = member->is_number_integer() &&
              !(member->is_number_unsigned() && member->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX));
  if (fits) {
    auto number = member->get<std::int64_t>();
    if (number >= least && number <= most) return number;
  }
  state_->complain(name, "must be an integer from " + std::to_string(least) + " to " + std::to_string(most));
  return std::nullopt;
}

void body_reader::complain(std::string_view name, std::string detail) {
  state_->complain(name, std::move(detail));
}

std::optional<problem> body_reader::finish() {
  for (const auto& [name, value] : state_->document.items()) {
    if (std::find(state_->known.begin(), state_->known.end(), name) != state_->known.end()) continue;
    state_->complain(name.substr(0, 64), "is not a member of this request");
  }
  if (state_->errors.empty()) return std::nullopt;
  return make_validation_problem(std::move(state_->errors));
}

}  // namespace drover::web
