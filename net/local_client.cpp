#include "net/local_client.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace drover::net {

result<sockaddr_un> make_local_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return fail(errc::io, "'" + path + "' cannot be a socket: its path must have 1 to 107 characters");
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

result<descriptor> connect_local(const std::string& path) {
  const auto address = make_local_address(path);
  if (!address) return std::unexpected(address.error());
  descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0)
    return fail(errc::io, path + ": " + std::generic_category().message(errno));
  return socket;
}

bool send_all(const descriptor& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// Into memory that is wiped whatever the line holds.
secret receive_line(const descriptor& socket, std::size_t limit_bytes) {
  auto buffer = secret::of_size(limit_bytes);
  const auto bytes = buffer.mutable_bytes();
  for (std::size_t filled = 0; filled < bytes.size();) {
    const auto got = recv(socket.get(), bytes.data() + filled, bytes.size() - filled, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    const auto end = buffer.reveal().find('\n', filled);
    filled += static_cast<std::size_t>(got);
    if (end < filled) return secret(buffer.reveal().substr(0, end));
  }
  return {};
}

}  // namespace drover::net
