#pragma once

#include <vector>

#include "exchanges/instrument_table.hpp"
#include "exchanges/json_fields_detail.hpp"

// Shared by the parse files: orders, executions and levels look alike in answers and in frames.
namespace drover::exchanges::gate {

/// "buy", "sell"; anything else is noted.
side read_side(json_fields&);
/// Orders of answers ("status") and of frames ("event", "finish_as").
order read_order(json_fields&);
fill read_fill(json_fields&);
/// [["price","amount"],…]; empty when absent.
std::vector<book_level> read_levels(json_fields&, std::string_view key);
/// A time in (fractions of) milliseconds, number or text; the beginning of time when absent.
wall_time read_ms(json_fields&, std::string_view key);
/// The same in seconds.
wall_time read_seconds(json_fields&, std::string_view key);

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

}  // namespace drover::exchanges::gate
