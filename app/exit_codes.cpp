#include "app/exit_codes.hpp"

#include "app/start_checks.hpp"
#include "base/postgres.hpp"

namespace drover::app {

bool is_unavailable(const error& e) {
  return e.code == db_errc::unavailable || e.code == db_errc::timed_out || e.code == errc::io || e.code == errc::overloaded;
}

std::string describe(const error& e) {
  return e.detail.empty() ? e.to_string() : e.detail;
}

int exit_code_of(const error& e) {
  if (e.code == start_errc::another_engine) return exit_another_engine;
  return is_unavailable(e) ? exit_unavailable : exit_config;
}

}  // namespace drover::app
