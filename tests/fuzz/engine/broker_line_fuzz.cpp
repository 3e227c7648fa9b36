// Lines of programs that call the key broker: any bytes are read or refused, and whatever is read becomes part of no
// path but its own.
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "engine/broker/broker_line.hpp"
#include "exchanges/call_arguments.hpp"
#include "tests/fuzz/venues/any_venue.hpp"

using namespace drover;

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

bool leaves_its_place(std::string_view path) {
  return path.find("..") != path.npos || path.find_first_of("?#&% \\\r\n") != path.npos ||
         path.find("//") != path.npos || path.find("/.") != path.npos || path.ends_with('/');
}

void check_paths(const engine::broker_call& call) {
  const auto op = exchanges::parse_operation(call.op);
  const auto arguments = parse_json(call.arguments);
  if (!op || !arguments) return;
  const auto asked = exchanges::read_venue_call(*op, *arguments);
  if (!asked || !exchanges::is_private(*op) || !engine::check_texts(*asked)) return;
  for (const auto& protocol : exchanges::all_protocols())
    if (const auto made = protocol->make_request(*asked)) must(!leaves_its_place(made->path));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  std::string tag;
  const auto call = engine::parse_broker_call(line, tag);
  must(tag.empty() || nlohmann::json::accept(tag));
  const auto said = engine::render_refusal(call ? error(engine::broker_errc::denied) : call.error(), tag);
  must(nlohmann::json::accept(said.reveal()) && said.reveal().find('\n') == said.reveal().npos);
  if (call && call->what == engine::broker_call::kind::sign) check_paths(*call);
  return 0;
}
