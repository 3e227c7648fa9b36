#pragma once

#include <cstdint>

namespace drover::net {

/// Who is at the other end of a Unix socket, as the kernel says (SO_PEERCRED): whoever connected, whatever became of
/// them since.
struct local_peer {
  std::uint32_t uid = 0, gid = 0;
  std::int32_t pid = 0;
};

}  // namespace drover::net
