#pragma once

#include <sys/un.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

/// The caller's side of Unix sockets, blocking, for commands. Errors are errc::io and name the path.
namespace drover::net {

/// The path must have 1 to 107 characters.
result<sockaddr_un> make_local_address(const std::string& path);
/// Nobody listens there, or this user may not call.
result<descriptor> connect_local(const std::string& path);
/// False: the other side hung up.
bool send_all(const descriptor&, std::string_view bytes);
/// Up to the line's end, without it, for as long as the other side lives. Nothing when it hangs up before, or after
/// `limit_bytes`.
secret receive_line(const descriptor&, std::size_t limit_bytes);

}  // namespace drover::net
