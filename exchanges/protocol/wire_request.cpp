#include "exchanges/protocol/wire_request.hpp"

#include "base/encoding.hpp"

namespace drover::exchanges {

parameter_list& parameter_list::add(std::string_view name, std::string_view value) {
  items_.emplace_back(name, value);
  return *this;
}
parameter_list& parameter_list::add(std::string_view name, std::int64_t value) { return add(name, std::to_string(value)); }
parameter_list& parameter_list::add(std::string_view name, decimal value) { return add(name, value.to_string()); }
parameter_list& parameter_list::add_if(std::string_view name, std::string_view value) {
  return value.empty() ? *this : add(name, value);
}

std::string parameter_list::encoded() const {
  std::string out;
  for (const auto& [name, value] : items_) {
    if (!out.empty()) out += '&';
    out += percent_encode(name);
    out += '=';
    out += percent_encode(value);
  }
  return out;
}

std::string parameter_list::plain() const {
  std::string out;
  for (const auto& [name, value] : items_) {
    if (!out.empty()) out += '&';
    out += name;
    out += '=';
    out += value;
  }
  return out;
}

}  // namespace drover::exchanges
