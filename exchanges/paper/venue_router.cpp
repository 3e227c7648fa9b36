#include "exchanges/paper/venue_router.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>

#include "exchanges/paper/wire_text.hpp"

namespace drover::exchanges::paper {

namespace {

/// How long half_open keeps a request without an answer, and timeout_after_placing when no time is given.
constexpr nanoseconds longest_silence = 10min, usual_silence = 30s;
constexpr int bad_gateway = 502;

net::http_response drop() {
  net::http_response out;
  out.drop_connection = true;
  return out;
}

net::http_response answer_garbage(const fault& f) {
  net::http_response out;
  const bool page = f.kind == fault_kind::html;
  if (page) out.status = bad_gateway;
  out.headers = {{"Content-Type", page ? "text/html" : "application/json;charset=UTF-8"}};
  out.body = make_garbage(f);
  return out;
}

net::http_response cut_in_half(net::http_response whole) {
  if (whole.shared_body) whole.body = *std::exchange(whole.shared_body, nullptr);
  whole.body.resize(whole.body.size() / 2);
  return whole;
}

}  // namespace

venue_router::venue_router(simulated_venue& venue, control_api& control, dialect& root, std::span<dialect* const> prefixed,
                           timer_queue& timers)
    : venue_(venue), control_(control), root_(root), prefixed_(prefixed.begin(), prefixed.end()), timers_(timers) {}

task<net::http_response> venue_router::handle(net::http_request request) {
  if (request.path.starts_with("/paper/")) co_return control_.handle(request);
  dialect* chosen = &root_;
  std::string prefix;
  const auto segment = std::string_view(request.path).substr(1, request.path.find('/', 1) - 1);
  auto named = std::ranges::find(prefixed_, segment, &dialect::name);
  if (named != prefixed_.end()) {
    chosen = *named;
    prefix = request.path.substr(0, segment.size() + 1);
    request.path.erase(0, prefix.size());
    if (request.path.empty()) request.path = "/";
  }
  chosen->meter().count_request();
  const auto struck = venue_.faults().strike_request(chosen->name(), request.method, request.path, venue_.random());
  if (!struck) co_return chosen->handle(request, prefix);
  auto answer = co_await handle_faulty(*chosen, std::move(request), std::move(prefix), *struck);
  co_return answer;
}

net::http_response venue_router::make_error(int status, std::string_view detail) {
  net::http_response out;
  out.status = status;
  out.headers = {{"Content-Type", "application/json"}};
  out.body = "{\"code\":-1000,\"msg\":" + quoted(detail) + "}";
  return out;
}

task<net::http_response> venue_router::handle_faulty(dialect& chosen, net::http_request request, std::string prefix, fault struck) {
  if (is_garbage(struck.kind)) co_return answer_garbage(struck);
  switch (struck.kind) {
    case fault_kind::latency: {
      co_await pause(struck.delay);
      co_return chosen.handle(request, prefix);
    }
    case fault_kind::truncated: co_return cut_in_half(chosen.handle(request, prefix));
    case fault_kind::error_after_placing: {
      chosen.handle(request, prefix);
      co_return chosen.make_fault_response(struck);
    }
    case fault_kind::timeout_after_placing: {
      chosen.handle(request, prefix);
      const nanoseconds silence = struck.delay > 0ms ? nanoseconds(struck.delay) : usual_silence;
      co_await pause(silence);
      co_return drop();
    }
    case fault_kind::half_open: {
      const nanoseconds silence = struck.delay > 0ms ? nanoseconds(struck.delay) : longest_silence;
      co_await pause(silence);
      co_return drop();
    }
    case fault_kind::reset: co_return drop();
    default: co_return chosen.make_fault_response(struck);
  }
}

/// Ends early when the server stops.
task<void> venue_router::pause(nanoseconds duration) {
  try {
    co_await sleep_for(timers_, duration);
  } catch (const boost::system::system_error&) {
  }
}

}  // namespace drover::exchanges::paper
