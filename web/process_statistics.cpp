#include "web/process_statistics.hpp"

#include <unistd.h>

#include <sstream>

namespace drover::web {

process_statistics read_process_statistics(file_system& files) {
  process_statistics out;
  auto stat = files.read("/proc/self/stat", 4096);
  if (!stat) return out;
  // The second field is the name in parentheses, which may hold anything.
  auto after_name = stat->rfind(')');
  if (after_name == std::string::npos) return out;
  std::istringstream fields(stat->substr(after_name + 2));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  std::uint64_t user_ticks = 0, system_ticks = 0, resident_pages = 0;
  fields >> user_ticks >> system_ticks;
  for (int field = 16; field < 20; ++field) fields >> skipped;
  fields >> out.threads;
  for (int field = 21; field < 23; ++field) fields >> skipped;
  fields >> out.virtual_bytes >> resident_pages;
  out.cpu_seconds = static_cast<double>(user_ticks + system_ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
  out.resident_bytes = resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return out;
}

}  // namespace drover::web
