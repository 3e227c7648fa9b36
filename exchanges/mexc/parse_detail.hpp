#pragma once

#include <string>

#include "exchanges/json_fields_detail.hpp"

namespace drover::exchanges::mexc {

/// Milliseconds as number or text; the beginning of time when absent.
wall_time read_ms(json_fields&, std::string_view key);

/// Calls `each(json_fields&)` for the objects of an array document. False with `problem` filled when it is something else.
template <class Each>
bool for_each_object(json_source& source, std::string& problem, Each each) {
  sj::array array;
  if (source.document().get_array().get(array)) {
    problem = "shape";
    return false;
  }
  for (auto element : array) {
    json_fields inner(element.get_object());
    if (inner.ok()) each(inner);
    if (inner.ok()) continue;
    problem = inner.problem();
    return false;
  }
  return true;
}

}  // namespace drover::exchanges::mexc
