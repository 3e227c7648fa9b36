#pragma once

#include <boost/asio/io_context.hpp>
#include <stdexcept>
#include <string>

#include "base/clock.hpp"

namespace drover::bench {

/// Turns the executor until `condition`; throws "no WHAT" when that takes longer than `patience`.
template <class Condition>
void turn_until(asio::io_context& io, const clock& time, nanoseconds patience, const char* what, Condition condition) {
  const auto end = time.now() + patience;
  while (!condition()) {
    if (time.now() > end) throw std::runtime_error(std::string("no ") + what);
    io.restart();
    if (io.poll_one() == 0) io.run_one_for(1ms);
  }
}

}  // namespace drover::bench
